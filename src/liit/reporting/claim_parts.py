"""Claims with their verdicts as a section shows them: a table, and folds on the page."""

from __future__ import annotations

from collections.abc import Sequence

from liit.reporting.claims import Claim
from liit.reporting.section import HtmlPart, TextTable, estimate


def claim_parts(claims: Sequence[Claim], unit: str) -> tuple[TextTable, HtmlPart]:
    """Return the table of claims and what the page shows instead; ``unit`` is that of the gaps."""
    rows, folds = [], []
    for place, claim in enumerate(claims, start=1):
        gaps = [[statement, estimate(gap)] for statement, gap in claim.differences.items()]
        count = f"{claim.supported} of {len(gaps)} differences have the claimed sign"
        if claim.missing:
            count = f"lacks {', '.join(claim.missing)}"
        rows.append([f"{place}. {claim.claim}", claim.verdict, count])
        rows += [[f"{place}. … {statement}", "", value] for statement, value in gaps]
        table = TextTable([f"Difference, {unit}", "Value"], gaps)
        folds.append({"claim": claim, "count": count, "table": table})
    table = TextTable(["Claim", "Verdict", "Difference"], rows)
    return table, HtmlPart("claims.html", {"folds": folds})

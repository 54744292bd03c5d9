"""What a value of params.yaml may be, for annotations; pydantic reads them (liit.schema)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from annotated_types import Ge, Gt, Le


@dataclass(frozen=True)
class Pattern:
    """A regular expression that a text must match, for ``Annotated``."""

    regex: str

    def __get_pydantic_core_schema__(self, kind: Any, handler: Any) -> Any:
        """Tell pydantic, without importing it where only the classes are needed."""
        return {**handler(kind), "pattern": self.regex}


Count = Annotated[int, Ge(1)]
Amount = Annotated[int, Ge(0)]
Rate = Annotated[float, Gt(0)]
NonNegative = Annotated[float, Ge(0)]
Share = Annotated[float, Ge(0), Le(1)]
Name = Annotated[str, Pattern(r"^[^\s./\\][^\s/\\]*$")]
"""Names become folders and stages."""


class Strict:
    """A part of params.yaml: no other keys, no conversions."""

    __pydantic_config__: ClassVar[dict[str, Any]] = {
        "extra": "forbid",
        "strict": True,
        "allow_inf_nan": False,
    }

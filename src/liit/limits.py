"""What a value of params.yaml may be, for annotations; pydantic reads them (liit.schema)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
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

StageName = Annotated[str, Pattern(r"^\w[\w-]*$")]
"""Names that become stages and, behind a dot, keys of params.yaml: letters, digits, _ and -."""


@dataclass(frozen=True)
class ByName:
    """For ``Annotated``: a mapping of names in the file, a tuple with the names in it here.

    ``key`` is the type of a name, ``entry`` that of what stands below it; ``whole`` is made from
    both. The order of the file is kept, and a change of it is seen.
    """

    key: Any
    entry: type
    whole: Callable[..., Any]

    def __get_pydantic_core_schema__(self, _: Any, handler: Any) -> Any:
        """Tell pydantic, as :class:`Pattern` does."""
        named = handler.generate_schema(Mapping[self.key, self.entry])  # type: ignore[name-defined]
        return {
            "type": "function-after",
            "function": {"type": "no-info", "function": self._named},
            "schema": named,
        }

    def _named(self, entries: Mapping[str, Any]) -> tuple[Any, ...]:
        return tuple(self.whole(**vars(entry), name=name) for name, entry in entries.items())


class Strict:
    """A part of params.yaml: no other keys, no conversions."""

    __pydantic_config__: ClassVar[dict[str, Any]] = {
        "extra": "forbid",
        "strict": True,
        "allow_inf_nan": False,
    }

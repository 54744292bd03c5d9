"""The incremental JSON reader agrees with `json.loads` and loses nothing that can be read."""

import gzip
import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from liit.errors import LiitError
from liit.intake import Broken, Raw, RawRecord, window
from liit.intake.values import iter_members, iter_records, load_json

TEXT = st.text(max_size=12) | st.sampled_from(['"]}', '\\"', "\\", "[{", "é中😀", "\n"])
LEAF = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT
VALUE = st.recursive(
    LEAF, lambda x: st.lists(x, max_size=3) | st.dictionaries(TEXT, x, max_size=3), max_leaves=8
)
OBJECT = st.dictionaries(TEXT, VALUE, max_size=4)


def records_of(data: bytes, key: str | None = None) -> list[Raw]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.json"
        path.write_bytes(data)
        return list(iter_records(path, key))


def values(found: list[Raw]) -> list[object]:
    return [record.value for record in found if isinstance(record, RawRecord)]


def faults(found: list[Raw]) -> list[Broken]:
    return [record for record in found if isinstance(record, Broken)]


@pytest.fixture(params=[1, 7, 2**18], autouse=True)
def chunk(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(window, "CHUNK", request.param)


@settings(deadline=None, max_examples=50)
@given(
    items=st.lists(VALUE, min_size=0, max_size=5),
    indent=st.sampled_from([None, 1]),
    ascii_only=st.booleans(),
)
def test_lists_read_as_json_loads_does(
    items: list[object], indent: int | None, ascii_only: bool
) -> None:
    text = json.dumps(items, indent=indent, ensure_ascii=ascii_only)
    found = records_of(text.encode("utf-8"))
    assert values(found) == json.loads(text)
    assert [r.place for r in found if isinstance(r, RawRecord)] == [
        f"record {i}" for i in range(len(items))
    ]


@settings(deadline=None, max_examples=50)
@given(items=st.lists(OBJECT.filter(bool), min_size=1, max_size=5))
def test_lines_and_members_read_as_json_loads_does(items: list[object]) -> None:
    lines = "\n".join(json.dumps(item, ensure_ascii=False) for item in items)
    assert values(records_of(lines.encode())) == items
    under = json.dumps({"info": [1, {"annotations": 2}], "annotations": items})
    assert values(records_of(under.encode(), key="annotations")) == items
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.json"
        path.write_text(json.dumps({str(i): item for i, item in enumerate(items)}))
        found = [(r.place, r.value) for r in iter_members(path) if isinstance(r, RawRecord)]
    assert found == [(f"key {i}", item) for i, item in enumerate(items)]


@settings(deadline=None, max_examples=50)
@given(items=st.lists(OBJECT, min_size=1, max_size=4), data=st.data())
def test_a_truncated_list_keeps_every_complete_record(items: list[object], data: object) -> None:
    text = json.dumps(items).encode()
    cut = data.draw(st.integers(1, len(text) - 1))  # type: ignore[attr-defined]
    ends = [len(json.dumps(items[: i + 1]).encode()) - 1 for i in range(len(items))]
    found = records_of(text[:cut])
    assert values(found) == items[: sum(end <= cut for end in ends)]
    assert len(faults(found)) == 1
    assert "truncated" in faults(found)[0].reason


def test_a_broken_record_is_set_aside_alone() -> None:
    text = '[{"a": 1}, {"a": tru, "b": "]}"}, {"a": 3}, {"a": 1e, "b": [1]}, nul, {"a": 6}]'
    found = records_of(text.encode())
    assert values(found) == [{"a": 1}, {"a": 3}, {"a": 6}]
    assert [f.place for f in faults(found)] == ["record 1", "record 3", "record 4"]
    assert all("broken JSON" in f.reason for f in faults(found))


def test_a_missing_comma_is_reported_and_read_over() -> None:
    found = records_of(b'[{"a": 1} {"a": 2}]')
    assert values(found) == [{"a": 1}, {"a": 2}]
    assert [f.place for f in faults(found)] == ["after record 0"]


def test_a_broken_line_is_named_by_its_number() -> None:
    found = records_of(b'{"a": 1}\n\n{"a": \n{"a": 4}\n{"a": "\xff"}\n{"a": 6}')
    assert values(found) == [{"a": 1}, {"a": 4}, {"a": 6}]
    assert [f.place for f in faults(found)] == ["line 3", "line 5"]
    assert "UTF-8" in faults(found)[1].reason


def test_a_broken_first_line_does_not_hide_the_others() -> None:
    found = records_of(b'{"a": 1, "b\n{"a": 2}\n{"a": 3}\n')
    assert values(found) == [{"a": 2}, {"a": 3}]
    assert [f.place for f in faults(found)] == ["line 1"]


def test_one_pretty_object_is_one_record() -> None:
    assert values(records_of(json.dumps({"a": [1, 2], "b": 3}, indent=2).encode())) == [
        {"a": [1, 2], "b": 3}
    ]


def test_what_follows_the_first_value_is_read() -> None:
    items = [{"a": n, "b": [{"c": [n]}]} for n in range(3)]
    as_jq_prints = "\n".join(json.dumps(item, indent=2) for item in items)
    assert values(records_of(as_jq_prints.encode())) == items
    assert values(records_of("".join(map(json.dumps, items)).encode())) == items
    lists = "\n".join(json.dumps(items[:n]) for n in (1, 2))
    assert values(records_of(lists.encode())) == [items[0], *items[:2]]
    under = "\n".join(json.dumps({"of": items[:n], "n": n}, indent=1) for n in (1, 2))
    assert values(records_of(under.encode(), key="of")) == [items[0], *items[:2]]
    broken = as_jq_prints.replace('"a": 1,', '"a": 1')
    assert values(records_of(broken.encode())) == [items[0], items[2]]
    assert [f.place for f in faults(records_of(broken.encode()))] == ["line 11"]


def test_a_line_that_is_too_long_does_not_hide_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(window, "MAX_RECORD", 1000)
    long = json.dumps({"a": "x" * 50_000})
    found = records_of(f'{{"a": 1}}\n{long}\n{{"a": 3}}\r\n{{"a": 4}}'.encode())
    if len(long) > window.CHUNK:
        assert values(found) == [{"a": 1}, {"a": 3}, {"a": 4}]
        assert [(f.place, f.reason) for f in faults(found)] == [
            ("line 2", "longer than 1,000 characters")
        ]


@pytest.mark.parametrize("mark", ["\u0085", "\u2028"])
def test_marks_that_other_readers_take_for_line_ends(mark: str) -> None:
    rows = [{"a": f"b{mark}c"}, {"a": 2}]
    lines = "\r\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    assert [(r.place, r.value) for r in records_of(lines.encode()) if isinstance(r, RawRecord)] == [
        ("line 1", rows[0]),
        ("line 2", rows[1]),
    ]


def test_packed_files_are_read(tmp_path: Path) -> None:
    (tmp_path / "x.json.gz").write_bytes(gzip.compress(b'{"a": 1}\n{"a": 2}'))
    assert values(list(iter_records(tmp_path / "x.json.gz"))) == [{"a": 1}, {"a": 2}]


def test_a_byte_order_mark_is_skipped() -> None:
    assert values(records_of(b'\xef\xbb\xbf[{"a": 1}]')) == [{"a": 1}]
    assert values(records_of(b'\xef\xbb\xbf{"a": 1}\n{"a": 2}')) == [{"a": 1}, {"a": 2}]


def test_hostile_nesting_and_numbers_are_set_aside() -> None:
    deep = "[" * 200_000 + "]" * 200_000
    found = records_of(f'[{{"a": {deep}}}, {{"a": {"9" * 9000}}}, {{"a": 1}}]'.encode())
    assert values(found) == [{"a": 1}]
    assert len(faults(found)) == 2


@pytest.mark.parametrize(
    ("start", "rest"),
    [
        ("[\n", ""),
        ('{"a":\n', ""),
        ("[1,\n", ""),
        ("[\n", '{"b": 1},\n'),
    ],
)
def test_a_record_nested_over_many_lines_is_one_record(start: str, rest: str) -> None:
    """Each line of it read as a record of its own would be read to its end as often."""
    found = records_of(f'{{"a": 0}}\n{start * 400}{rest * 3}'.encode())
    broken = [one for one in faults(found) if one.place == "line 2" or "ends inside" in one.reason]
    assert [one.place for one in broken] == ["line 2"]
    assert values(found) == [{"a": 0}, *[{"b": 1}] * rest.count("b") * 3]
    deep = records_of(f'{{"a": 0}}\n{start * 20_000}'.encode())
    assert len(faults(deep)) <= 20_000 / 400
    assert faults(deep)[0].place == "line 2"


def test_after_a_deep_line_the_next_one_is_read() -> None:
    found = records_of(b'{"a": 0}\n' + b"[" * 20_000 + b'\n{"a": 1}\n{"a": [[1, 2}\n{"a": 2}\n')
    assert values(found) == [{"a": 0}, {"a": 1}, {"a": 2}]
    assert [one.place for one in faults(found)] == ["line 2", "line 4"]


def test_an_endless_record_stops_at_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(window, "MAX_RECORD", 1000)
    found = records_of(b'[{"a": 1}, {"a": "' + b"x" * 100_000)
    assert values(found) == [{"a": 1}]
    assert len(faults(found)) == 1


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"  \n ", "empty"),
        (b"<html>404</html>", "HTML"),
        ('[{"a": 1}]'.encode("utf-16"), "UTF-16"),
        (b"\x1f\x8b\x08\x00rest", "cannot be read"),
        (b"hello", "neither"),
    ],
)
def test_a_file_that_is_no_json_at_all_stops_the_run(data: bytes, words: str) -> None:
    with pytest.raises(LiitError, match=words) as caught:
        records_of(data)
    assert "x.json" in str(caught.value)
    assert "Next step" in str(caught.value)


def test_small_files_and_missing_keys(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text('{"a": 1')
    with pytest.raises(LiitError, match=r"x\.json: line 1 is not valid JSON"):
        load_json(tmp_path / "x.json")
    with pytest.raises(LiitError, match="cannot be read"):
        load_json(tmp_path / "absent.json")
    with pytest.raises(LiitError, match="annotations"):
        records_of(b'{"other": []}', key="annotations")

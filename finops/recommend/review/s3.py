"""S3 Lifecycle: whole configurations where it is known what a bucket has, and fragments to merge where it is not."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from finops.errors import UsageError
from finops.output.hcl import Block, Raw, label
from finops.recommend.review.asked import Asked, Place
from finops.recommend.review.piece import Left, Piece, as_json, file_name
from finops.recommend.review.s3_merge import Merged, merged
from finops.recommend.review.s3_rules import Wanted, wanted
from finops.recommend.review.s3_terraform import rule_block
from finops.recommend.review.terraform import text_of, tf_file

_SIZE = "TransitionDefaultMinimumObjectSize"
_TYPE = "aws_s3_bucket_lifecycle_configuration"
_README = """\
# S3 Lifecycle

Setting a lifecycle configuration replaces all of it: a rule that is not in the file is gone afterwards.

- `NAME.put.json` is whole: the rules that the answer given with `--existing` has, and behind them the new ones. Look
  that nothing was changed since, then
  `aws s3api put-bucket-lifecycle-configuration --cli-input-json file://NAME.put.json`.
  It refuses a bucket of another account.
- `NAME.fragment.json` and `NAME.fragment.hcl` are no configuration, and neither AWS nor Terraform takes them as one:
  what the bucket has is not known here. Ask S3, and write them again:

  ```
  mkdir -p existing
  aws s3api get-bucket-lifecycle-configuration --bucket BUCKET > existing/BUCKET.json
  finops recommend lifecycle --write DIR --existing existing
  ```

  Where S3 says `NoSuchLifecycleConfiguration`, write `{"Rules": []}` into the file; any other error is none.
- Of a bucket that Terraform, CloudFormation or a tool of your own looks after, change the rules there and nowhere else.
- Undo: put the answer of S3 from before. What was expired until then is gone, what was moved stays where it is.
"""


def pieces(asked: Asked) -> Iterator[Piece | Left]:
    """The files of every bucket. Raises UsageError for an answer about a bucket that gets no rule."""
    found = list(wanted(asked))
    buckets = [one for one in found if isinstance(one, Wanted)]
    _require_asked(asked, buckets)
    yield from (one for one in found if isinstance(one, Left))
    whole: dict[Place, list[tuple[list[Block], tuple[str, ...]]]] = defaultdict(list)
    for one in buckets:
        answer = asked.existing.get(one.bucket)
        if answer is None:
            yield from _fragments(one)
            continue
        result = merged(answer["Rules"], one.rules)
        yield from (Left(f"{rule.why} on {one.bucket}", word, rule.ids) for rule, word in result.refused)
        if result.added:
            yield _put(one, result, answer)
            ids = _ids(one, result)
            if blocks := _resource(one.bucket, result, answer.get(_SIZE)):
                whole[one.place].append((blocks, ids))
            else:
                yield Left(f"Terraform of {one.bucket}", "one of its rules has what is not known here", ids)
    for place, here in sorted(whole.items()):
        blocks = [block for some, _ in here for block in some]
        names = [name for _, some in here for name in some]
        yield from tf_file(
            place, "s3-lifecycle", "S3 Lifecycle: what each bucket has, and the new rules", blocks, names
        )
    if buckets:
        yield Piece("s3/README.md", _README, "what to do with the files beside it")


def _require_asked(asked: Asked, buckets: Sequence[Wanted]) -> None:
    names = {one.bucket for one in buckets}
    known = names | {one["resource_id"] for one in asked.advice} | {one.resource for one in asked.standards}
    for bucket in asked.existing:
        if bucket not in known:
            what = f"there is no advice about a bucket {bucket}"
            raise UsageError(what, "--existing", "name each file as its bucket: BUCKET.json")


def _put(one: Wanted, result: Merged, answer: Mapping[str, Any]) -> Piece:
    body: dict[str, Any] = {"Bucket": one.bucket}
    if one.place.account:
        body["ExpectedBucketOwner"] = one.place.account
    if size := answer.get(_SIZE):
        body[_SIZE] = size
    body["LifecycleConfiguration"] = {"Rules": list(result.rules)}
    about = f"{one.bucket}: {len(answer['Rules'])} rules it has and {len(result.added)} new"
    return Piece(f"s3/{file_name(one.bucket)}.put.json", as_json(body), about, _ids(one, result))


def _ids(one: Wanted, result: Merged) -> tuple[str, ...]:
    return tuple(name for rule in result.added for name in rule.ids)


def _fragments(one: Wanted) -> Iterator[Piece]:
    ids = tuple(name for rule in one.rules for name in rule.ids)
    rules = [rule.body for rule in one.rules]
    about = f"{one.bucket}: to merge with the rules it has, see s3/README.md"
    body = {"MergeIntoBucket": one.bucket, "RulesToMerge": rules}
    yield Piece(f"s3/{file_name(one.bucket)}.fragment.json", as_json(body), about, ids)
    blocks = [block for rule in rules if (block := rule_block(rule))]
    what = f"Rules to merge into the {_TYPE} of {one.bucket}: no configuration by themselves."
    yield Piece(f"s3/{file_name(one.bucket)}.fragment.hcl", text_of(what, blocks), about, ids)


def _resource(bucket: str, result: Merged, size: str | None) -> list[Block]:
    """The bucket's configuration, imported so that a plan shows what changes; nothing where a rule is not known."""
    rules = [rule_block(rule) for rule in result.rules]
    known = [one for one in rules if one]
    if len(known) < len(rules):
        return []
    name = label(bucket)
    arguments = {"bucket": bucket, **({"transition_default_minimum_object_size": size} if size else {})}
    resource = Block("resource", (_TYPE, name), arguments, known)
    had = len(result.rules) - len(result.added)
    return [_import(f"{_TYPE}.{name}", bucket), resource] if had else [resource]


def _import(address: str, known_as: str) -> Block:
    return Block("import", (), {"to": Raw(address), "id": known_as})

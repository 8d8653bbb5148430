"""gp2 volumes as gp3: the parameters of the call for each, and the lines for Terraform."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from finops.recommend.lifecycle_ebs import FREE_IOPS, FREE_MIBPS, extra_iops, extra_mibps
from finops.recommend.review.asked import Advice, Asked
from finops.recommend.review.piece import Left, Piece, as_json, file_name


def pieces(asked: Asked) -> Iterator[Piece | Left]:
    """A file for each volume; what has no figure has no size that is known."""
    for one in asked.of("gp2_to_gp3"):
        name = str(one["resource_id"])
        if not one.saves or one["moved_gb"] is None:
            yield Left(f"gp3 for {name}", "prices of gp3 are not known in its region", (one.id,))
            continue
        about = f"{name}: for aws ec2 modify-volume --cli-input-json in {one['region']}"
        yield Piece(f"ebs/{file_name(name)}.modify-volume.json", as_json(_call(name, one)), about, (one.id,))
        lines = "".join(f"{key} = {value}\n" for key, value in _lines(one).items())
        text = f"# In the aws_ebs_volume or the block device of the volume, where Terraform has it:\n{lines}"
        yield Piece(f"ebs/{file_name(name)}.fragment.hcl", text, f"{name}: the same where Terraform has it", (one.id,))


def _call(name: str, one: Advice) -> dict[str, object]:
    iops, mibps = performance(one["moved_gb"])
    return {"VolumeId": name, "VolumeType": "gp3", "Iops": iops, "Throughput": mibps}


def _lines(one: Advice) -> dict[str, object]:
    iops, mibps = performance(one["moved_gb"])
    return {"type      ": '"gp3"', "iops      ": iops, "throughput": mibps}


def performance(gb: Decimal) -> tuple[int, int]:
    """IOPS and MiB/s that do what a gp2 volume of the size does; volumes have whole GB, means of a bill nearly so."""
    size = gb.to_integral_value()
    return int(FREE_IOPS + extra_iops(size)), int(FREE_MIBPS + extra_mibps(size))

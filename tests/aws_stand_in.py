"""What the fixes need of the AWS CLI, spoken to a server on loopback by the real boto3 client."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import boto3


def install(folder: Path) -> Path:
    """An executable `aws` in `folder`; returns the folder to put on PATH."""
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / "aws"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} {Path(__file__).resolve()} "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    return folder


def main(words: list[str]) -> None:
    """One call, its options as the AWS CLI takes them; the answer on stdout, a failed resource is an error."""
    service, operation, options = words[0], words[1], parsed(words[2:])
    if (service, operation) == ("sts", "get-caller-identity"):
        print(boto3.client("sts", region_name="us-east-1").get_caller_identity()["Account"])
        return
    client = boto3.client(service, region_name=options["region"][0])
    arns = options["resource-arn-list"]
    if operation == "tag-resources":
        answer = client.tag_resources(ResourceARNList=arns, Tags=json.loads(options["tags"][0]))
    else:
        answer = client.untag_resources(ResourceARNList=arns, TagKeys=options["tag-keys"])
    if answer["FailedResourcesMap"]:
        raise SystemExit(json.dumps(answer["FailedResourcesMap"]))


def parsed(words: list[str]) -> dict[str, list[str]]:
    """Each option and the words behind it."""
    options: dict[str, list[str]] = {}
    for word in words:
        if word.startswith("--"):
            options[word.removeprefix("--")] = []
        else:
            options[list(options)[-1]].append(word)
    return options


if __name__ == "__main__":
    main(sys.argv[1:])

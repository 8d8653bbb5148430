"""Where in finops.toml a setting stands, for whoever has to change it."""

from __future__ import annotations

from finops.config.settings import Settings


def place(settings: Settings, *path: str | int) -> tuple[str, int | None]:
    """File and line of the setting, or of the nearest one above it that is there; ("", None) without a file."""
    if settings.path is None or not settings.path.is_file():
        return "", None
    from finops.config.lines import key_lines, nearest_line

    text = settings.path.read_text(encoding="utf-8-sig")
    return str(settings.path), nearest_line(key_lines(text), path)

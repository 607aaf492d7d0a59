"""One style sheet for a page whose security policy allows no inline style.

matplotlib writes `style="..."` on every element, which a policy made of hashes forbids. Each style
becomes a class of the page's one <style> element; the ink of the pictures becomes the page's.
"""

from __future__ import annotations

import base64
import hashlib
import re

PAGE_FONT = 'Helvetica, Arial, "Liberation Sans", "DejaVu Sans"'


class StyleSheet:
    """Collects the styles of inline pictures as classes."""

    def __init__(self, variables: dict[str, str]) -> None:
        """`variables` maps colours of the pictures to CSS variables of the page."""
        self._classes: dict[str, str] = {}
        self._variables = variables

    def adopt(self, svg: str) -> str:
        """The same picture without any style of its own."""
        svg = re.sub(r"<style[^>]*>.*?</style>", "", svg, flags=re.DOTALL)
        return re.sub(r' style="([^"]*)"', self._class, svg)

    def _class(self, match: re.Match[str]) -> str:
        style = match[1].replace("&apos;", "'").replace("&quot;", '"')
        for colour, variable in self._variables.items():
            style = style.replace(colour, f"var({variable})")
        style = style.replace("'DejaVu Sans'", PAGE_FONT)
        name = self._classes.setdefault(style, f"m{len(self._classes)}")
        return f' class="{name}"'

    @property
    def css(self) -> str:
        """The rules of all classes."""
        rules = [f".{name}{{{style}}}" for style, name in self._classes.items()]
        return "svg *{stroke-linejoin:round;stroke-linecap:butt}\n" + "\n".join(rules)


def policy_hash(content: str) -> str:
    """The hash by which a content-security policy allows the content of an element."""
    digest = hashlib.sha256(content.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"

#!/usr/bin/env python3
"""Prints the reference page of a schema: a section per element, from its xs:documentation.

usage: scripts/xsd_reference.py SCHEMA.xsd > PAGE.md
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from lxml import etree

XS = "{http://www.w3.org/2001/XMLSchema}"
BUILTIN = {
    "string": "text",
    "boolean": "`true` or `false`",
    "integer": "whole number",
    "positiveInteger": "whole number, 1 or more",
    "nonNegativeInteger": "whole number, 0 or more",
    "decimal": "number",
    "double": "number",
    "anyURI": "path",
}


class SchemaError(Exception):
    """A schema that uses what this page cannot render; the text names file and line."""


@dataclass
class Child:
    """An element inside another one."""

    name: str
    node: etree._Element  # its declaration
    type: etree._Element | None  # its complex type; None: text or nothing
    occurs: str


class Schema:
    """A parsed schema with its named parts."""

    def __init__(self, path: Path):
        self.path = path
        self.root = etree.parse(str(path)).getroot()
        self.types = self._named("complexType")
        self.simple_types = self._named("simpleType")
        self.elements = self._named("element")
        self.attribute_groups = self._named("attributeGroup")
        self.groups = self._named("group")

    def _named(self, kind: str) -> dict[str, etree._Element]:
        return {node.get("name"): node for node in self.root.findall(XS + kind)}

    def fail(self, node: etree._Element, text: str) -> SchemaError:
        return SchemaError(f"{self.path}:{node.sourceline}: error: {text}")

    def documentation(self, *nodes: etree._Element | None) -> str:
        """Text of the first of the nodes that has any, on one line."""
        for node in nodes:
            if node is not None:
                found = node.find(f"{XS}annotation/{XS}documentation")
                if found is not None and found.text:
                    return " ".join(found.text.split())
        return ""

    def type_of(self, element: etree._Element) -> etree._Element | None:
        """Complex type of an element: its own, or the named one; None for simple content."""
        own = element.find(XS + "complexType")
        if own is not None:
            return own
        name = element.get("type")
        if name is None or name.startswith("xs:") or name in self.simple_types:
            return None
        if name not in self.types:
            raise self.fail(element, f"no type '{name}' in this schema")
        return self.types[name]

    def children(self, node: etree._Element, many: bool = False, optional: bool = False):
        """Yield the elements that a complex type may hold, in order."""
        for part in node:
            repeated = many or part.get("maxOccurs", "1") != "1"
            absent = optional or part.get("minOccurs", "1") == "0"
            if part.tag == XS + "element":
                declared = part
                if part.get("ref"):
                    if part.get("ref") not in self.elements:
                        raise self.fail(part, f"no element '{part.get('ref')}' in this schema")
                    declared = self.elements[part.get("ref")]
                occurs = {
                    (False, False): "1",
                    (False, True): "0 or 1",
                    (True, False): "1 or more",
                    (True, True): "any number",
                }[(repeated, absent)]
                yield Child(declared.get("name"), declared, self.type_of(declared), occurs)
            elif part.tag in (XS + "sequence", XS + "all"):
                yield from self.children(part, repeated, absent)
            elif part.tag == XS + "choice":
                yield from self.children(part, repeated, True)
            elif part.tag == XS + "group":
                yield from self.children(self.groups[part.get("ref")], repeated, absent)
            elif part.tag in (XS + "complexContent", XS + "extension"):
                base = part.get("base")
                if base:
                    yield from self.children(self.types[base], many, optional)
                yield from self.children(part, many, optional)

    def attributes(self, node: etree._Element):
        """Yield the attributes of a complex type or group, in order, groups as such."""
        for part in node:
            if part.tag in (XS + "attribute", XS + "attributeGroup", XS + "anyAttribute"):
                yield part
            elif part.tag in (XS + "complexContent", XS + "simpleContent", XS + "extension"):
                base = part.get("base")
                if base in self.types:
                    yield from self.attributes(self.types[base])
                yield from self.attributes(part)

    def value(self, node: etree._Element) -> str:
        """Describe what an attribute or text may be."""
        own = node.find(XS + "simpleType")
        if own is not None:
            return self.restriction(own)
        name = node.get("type", "xs:string")
        if name.startswith("xs:"):
            return BUILTIN.get(name[3:], name[3:])
        if name in self.simple_types:
            return f"[{name}](#values)"
        raise self.fail(node, f"no simple type '{name}' in this schema")

    def restriction(self, simple_type: etree._Element) -> str:
        """Describe an enumeration or a builtin with a pattern."""
        listed = [f"`{item.get('value')}`" for item in simple_type.iter(XS + "enumeration")]
        if listed:
            return " or ".join([", ".join(listed[:-1]), listed[-1]] if listed[1:] else listed)
        base = simple_type.find(XS + "restriction")
        name = base.get("base", "") if base is not None else ""
        return BUILTIN.get(name.removeprefix("xs:"), "text")


class Page:
    """Renders a schema from its root element down."""

    def __init__(self, schema: Schema):
        self.schema = schema
        self.lines: list[str] = []
        # Types that have their section. The elements themselves: lxml makes a new proxy, with
        # another identity, for one that nobody holds.
        self.done: set[etree._Element] = set()

    def render(self) -> str:
        """Return the whole page."""
        referenced = {node.get("ref") for node in self.schema.root.iter(XS + "element")}
        roots = [node for name, node in self.schema.elements.items() if name not in referenced]
        title = " and ".join(f"`<{node.get('name')}>`" for node in roots)
        self.add(
            f"# The {title} file",
            "Made from the schema "
            f"`{'/'.join(self.schema.path.parts[-3:])}` by `scripts/regenerate`; "
            "change the schema, not this page.",
        )
        for root in roots:
            self.section([root.get("name")], root, self.schema.type_of(root))
        self.groups()
        self.values()
        return "\n".join(self.lines).rstrip("\n") + "\n"

    def add(self, *paragraphs: str) -> None:
        for paragraph in paragraphs:
            if paragraph:
                self.lines += [paragraph, ""]

    def section(self, path: list[str], element, complex_type) -> None:
        """Write an element with attributes and children, then the children's sections."""
        if complex_type is not None:
            if complex_type in self.done:
                return
            self.done.add(complex_type)
        self.add(f"## {self.title(path)}", self.schema.documentation(element, complex_type))
        if complex_type is None:
            self.add(f"Its text: {self.schema.value(element)}.")
            return
        self.attributes(complex_type)
        children = list(self.schema.children(complex_type))
        if children:
            rows = [
                (
                    f"`<{child.name}>`",
                    child.occurs,
                    self.schema.documentation(child.node, child.type),
                )
                for child in children
            ]
            self.table(("element", "how often", "meaning"), rows)
        for child in children:
            if child.type is not None:
                self.section([*path, child.name], child.node, child.type)

    @staticmethod
    def title(path: list[str]) -> str:
        inside = f" in `{'/'.join(path[:-1])}`" if path[1:] else ""
        return f"`<{path[-1]}>`{inside}"

    def attributes(self, node: etree._Element) -> None:
        rows, groups, open_set = [], [], False
        for part in self.schema.attributes(node):
            if part.tag == XS + "attributeGroup":
                groups.append(part.get("ref"))
            elif part.tag == XS + "anyAttribute":
                open_set = True
            else:
                needed = "yes" if part.get("use") == "required" else ""
                if part.get("default") is not None:
                    needed = f"default `{part.get('default')}`"
                meaning = self.schema.documentation(part)
                rows.append((f"`{part.get('name')}`", self.schema.value(part), needed, meaning))
        if rows:
            self.table(("attribute", "value", "needed", "meaning"), rows)
        if open_set:
            self.add(
                "Also the parameters of the chosen behaviour; `busbar list behaviours` names them."
            )
        for group in groups:
            self.add(f"Also the attributes of [{group}](#{group}).")

    def groups(self) -> None:
        """Write the sections of attribute groups."""
        for name, node in self.schema.attribute_groups.items():
            self.add(f"## {name}", self.schema.documentation(node))
            self.attributes(node)

    def values(self) -> None:
        """Write the table of simple types."""
        if not self.schema.simple_types:
            return
        self.add(
            "## values",
            "Every quantity carries its unit in the text; the space before it is optional, a bare "
            "number is an error.",
        )
        rows = [
            (name, self.schema.documentation(node) or self.schema.restriction(node))
            for name, node in self.schema.simple_types.items()
        ]
        self.table(("value", "what"), rows)

    def table(self, head: tuple, rows: list[tuple]) -> None:
        """Write a Markdown table without its empty columns."""
        kept = [i for i in range(len(head)) if any(row[i] for row in rows)]
        self.lines.append("| " + " | ".join(head[i] for i in kept) + " |")
        self.lines.append("|" + " --- |" * len(kept))
        for row in rows:
            self.lines.append("| " + " | ".join(row[i].replace("|", "\\|") for i in kept) + " |")
        self.lines.append("")


def main() -> int:
    """Print the page of the schema on the command line."""
    if len(sys.argv) != 2:
        print("usage: scripts/xsd_reference.py SCHEMA.xsd > PAGE.md", file=sys.stderr)
        return 2
    try:
        print(Page(Schema(Path(sys.argv[1]))).render(), end="")
    except (OSError, SchemaError, etree.XMLSyntaxError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())

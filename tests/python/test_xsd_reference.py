"""The reference of the XML: every element once, with what its documentation says."""

import subprocess
import sys

import pytest
from lxml import etree

XS = "{http://www.w3.org/2001/XMLSchema}"

SCHEMA = """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">
  <xs:simpleType name="power">
    <xs:annotation><xs:documentation>Power: 300 W</xs:documentation></xs:annotation>
    <xs:restriction base="xs:string"/>
  </xs:simpleType>
  <xs:attributeGroup name="origin"><xs:attribute name="source"/></xs:attributeGroup>
  <xs:complexType name="box">
    <xs:annotation><xs:documentation>A box, or
      two.</xs:documentation></xs:annotation>
    <xs:sequence><xs:element name="box" type="box" minOccurs="0"/></xs:sequence>
    <xs:attribute name="draw" type="power" use="required"/>
    <xs:attributeGroup ref="origin"/>
  </xs:complexType>
  <xs:element name="room">
    <xs:complexType>
      <xs:sequence>
        <xs:element name="box" type="box" maxOccurs="unbounded"/>
        <xs:element name="door" minOccurs="0"><xs:complexType>
          <xs:attribute name="side" default="left"><xs:simpleType><xs:restriction base="xs:string">
            <xs:enumeration value="left"/><xs:enumeration value="right"/>
          </xs:restriction></xs:simpleType></xs:attribute>
        </xs:complexType></xs:element>
      </xs:sequence>
    </xs:complexType>
  </xs:element>
</xs:schema>
"""


def render(root, schema):
    command = [sys.executable, root / "scripts" / "xsd_reference.py", schema]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_small_schema(root, tmp_path):
    (tmp_path / "room.xsd").write_text(SCHEMA)
    page = render(root, tmp_path / "room.xsd").stdout
    assert "| `<box>` | 1 or more | A box, or two. |" in page
    assert "| `<door>` | 0 or 1 |" in page
    assert "| `draw` | [power](#values) | yes |" in page
    assert "| `side` | `left` or `right` | default `left` |" in page
    assert "Also the attributes of [origin](#origin)." in page
    assert "| power | Power: 300 W |" in page
    assert page.count("## `<box>`") == 1  # a box may hold a box


def test_a_dangling_type_is_told_with_its_line(root, tmp_path):
    (tmp_path / "room.xsd").write_text(
        SCHEMA.replace('type="box" minOccurs', 'type="bx" minOccurs')
    )
    result = render(root, tmp_path / "room.xsd")
    assert result.returncode == 2
    assert "room.xsd:10: error: no type 'bx' in this schema" in result.stderr


@pytest.mark.parametrize(
    "name",
    [
        "platforms/schema/platform.xsd",
        "workloads/schema/workload.xsd",
        "workloads/schema/scenario.xsd",
    ],
)
def test_every_element_of_our_schemas_is_on_its_page(root, name):
    page = render(root, root / name).stdout
    schema = etree.parse(root / name)
    names = {node.get("name") for node in schema.iter(XS + "element")} - {None}
    assert len(names) > 3
    assert [element for element in sorted(names) if f"`<{element}>`" not in page] == []

#include "sim/xml/document.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace busbar::xml {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class DocumentTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(::testing::TempDir()) / ("xml-" + std::to_string(getpid()));
    fs::create_directories(folder_);
  }
  std::string write(const std::string& name, const std::string& text) {
    const fs::path path = folder_ / name;
    std::ofstream(path, std::ios::binary) << text;
    return path.string();
  }
  std::optional<Document> parse(const std::string& path) {
    return Document::parse(path, problems_);
  }
  fs::path folder_;
  base::Diagnostics problems_;
};

// Tags and attributes over several lines, comments, CDATA and tabs: each has its own place.
TEST_F(DocumentTest, KnowsWhereEverythingStands) {
  const auto document = parse(write("a.xml",
                                    "<?xml version='1.0'?>\n<!-- <no at='all'/> -->\n<root>\n"
                                    "  <site id='x'\n        limit = \"5 > 4\"/><b/>\n"
                                    "  <![CDATA[<c/>]]> <d äé='1' f='2'/>\n</root>\n"));
  ASSERT_TRUE(document);
  const Element root = document->root();
  EXPECT_EQ(root.where().line, 3);
  const Element site = root.child("site");
  EXPECT_EQ(site.where().line, 4);
  EXPECT_EQ(site.where().column, 3);
  EXPECT_EQ(site.where("limit").line, 5);
  EXPECT_EQ(site.where("limit").column, 9);
  EXPECT_EQ(site.get("limit"), "5 > 4");
  EXPECT_EQ(root.child("b").where().column, 26);
  EXPECT_EQ(root.child("d").where("f").column, 30);
}

// An included element knows its own file; a file included twice is there once.
TEST_F(DocumentTest, IncludesOnceWithTheirPlaces) {
  write("part.xml", "<part>\n  <leaf a='1'/>\n</part>\n");
  const std::string xi = " xmlns:xi='http://www.w3.org/2001/XInclude'";
  const auto document = parse(write("whole.xml", "<whole" + xi +
                                                     "><xi:include href='part.xml'/>"
                                                     "<xi:include href='./part.xml'/></whole>"));
  ASSERT_TRUE(document);
  ASSERT_EQ(document->root().children("part").size(), 1u);
  const Element leaf = document->root().child("part").child("leaf");
  EXPECT_THAT(leaf.where("a").file, HasSubstr("part.xml"));
  EXPECT_EQ(leaf.where("a").line, 2);
  EXPECT_EQ(document->files().size(), 2u);
}

// Two files that include each other end, and each is there once.
TEST_F(DocumentTest, ACycleOfIncludesEnds) {
  const std::string xi = " xmlns:xi='http://www.w3.org/2001/XInclude'";
  write("b.xml", "<b" + xi + "><xi:include href='a.xml'/></b>");
  const auto document = parse(write("a.xml", "<a" + xi + "><xi:include href='b.xml'/></a>"));
  ASSERT_TRUE(document);
  EXPECT_EQ(document->root().child("b").children().size(), 0u);
}

TEST_F(DocumentTest, OverridesAttributesAndText) {
  auto document = parse(write("a.xml", "<a><b id='1' v='x'/><b id='2'/><t>old</t></a>"));
  ASSERT_TRUE(document);
  const auto set = [&](const std::string& text) {
    const auto change = parse_override(text, problems_);
    return change ? document->override_values(*change, problems_) : -1;
  };
  EXPECT_EQ(set("//b[@id='1']/@v=a=b"), 1);  // split at the first = outside brackets
  EXPECT_EQ(document->root().child("b").get("v"), "a=b");
  EXPECT_EQ(set("//b[@id='2']/@v=new"), 1);  // added
  EXPECT_EQ(document->root().children("b")[1].get("v"), "new");
  EXPECT_EQ(set("//b/@v=all"), 2);
  EXPECT_EQ(set("//@v=those"), 2);
  EXPECT_EQ(set("//t=<new> & \"text\""), 1);
  EXPECT_EQ(document->root().child("t").text(), "<new> & \"text\"");
  EXPECT_EQ(set("//b[@id='3']/@v=x"), 0);
  EXPECT_EQ(set("no equals"), -1);
  EXPECT_EQ(document->root().children("b")[0].where("v").file, "--set \"//@v=those\"");
}

// A hundred thousand elements: the index is linear, not quadratic.
TEST_F(DocumentTest, ReadsManyElements) {
  std::string text = "<a>\n";
  for (int i = 0; i < 100000; ++i) text += "<b x='1'/>\n";
  const auto document = parse(write("many.xml", text + "</a>"));
  ASSERT_TRUE(document);
  EXPECT_EQ(document->root().children().back().where().line, 100001);
}

TEST_F(DocumentTest, RefusesADirectoryAndOtherEncodings) {
  EXPECT_FALSE(parse(folder_.string()));
  EXPECT_FALSE(parse(write("latin.xml", "<a b='\xE4'/>")));
  EXPECT_EQ(problems_.errors(), 2u);
}

}  // namespace
}  // namespace busbar::xml

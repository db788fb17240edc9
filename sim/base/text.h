/// Small text helpers: did-you-mean, lists for messages, trimming and splitting.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace busbar::base {

/// Returns the candidate nearest to `word` by edit distance (at most a third of its length, at
/// least 1), or an empty string.
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

/// Whether a filter lets a name pass: it names none, or it names this one.
bool none_or_named(const std::vector<std::string>& names, const std::string& name);

/// ` did you mean 'easy'? known: conservative, easy, fcfs`, in full, for the end of a message
/// `unknown queue policy 'easi';`. At most twelve known names are listed.
std::string suggestion(std::string_view word, std::vector<std::string> known);

/// `a, b, c`.
std::string join(const std::vector<std::string>& items, std::string_view separator = ", ");

/// The text with the five characters that XML reserves as entities: for attributes and content.
std::string escape_xml(std::string_view text);

std::string_view trim(std::string_view text);

/// Splits at white space; empty pieces are dropped.
std::vector<std::string> split_words(std::string_view text);

/// Splits at `separator`, keeping empty pieces.
std::vector<std::string_view> split(std::string_view text, char separator);

}  // namespace busbar::base

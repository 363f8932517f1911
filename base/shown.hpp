// Untrusted text, made fit to be shown on a terminal and in the log of a CI.
#pragma once

#include <string>
#include <string_view>

namespace mpmt {

/// `text` (UTF-8: a name, a path, an option, what another program or a file says) as one line that does nothing but be
/// read. Every message and table of ours passes what it did not make itself through here. Escaped, as in a C string,
/// are
///
/// - control characters, which move the cursor or talk to the terminal: C0, DEL, C1 (U+0080-9F) and the separators of
///   lines and paragraphs (U+2028, U+2029);
/// - the characters that turn the direction of writing (U+061C, U+200E-F, U+202A-E, U+2066-9), which make a text read
///   otherwise than it is: Unicode Technical Report 36, section 3.3;
/// - noncharacters (U+FDD0-EF, and the last two of each plane), which an XML document may not hold;
/// - bytes that are no UTF-8 (overlong forms and surrogates are none);
/// - what a CI takes for a command in a line of a log: "::" where the text begins, be it behind blanks of any script,
/// and
///   "##".
///
/// All else stays as it is, so that shown(shown(x)) is shown(x). Scripts have a twin: tests/data/shown.json is what
/// both are held to.
std::string shown(std::string_view text);

/// The same for a JSON text, which stays one with the same meaning: line ends between its values stay, and what is
/// escaped in its strings is so as in JSON. Bytes that are no UTF-8 become U+FFFD.
std::string shown_json(std::string_view json);

}  // namespace mpmt

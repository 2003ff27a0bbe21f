use std::fmt::Write;

/// A text as a string of TOML: literal where it can be.
pub fn literal(text: &str) -> String {
    let plain = |letter: char| letter == '\t' || !letter.is_control();
    if !text.contains('\'') && text.chars().all(plain) {
        return format!("'{text}'");
    }
    let mut out = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            letter if plain(letter) => out.push(letter),
            letter => {
                // Writing to a string does not fail.
                let _ = write!(out, "\\u{:04X}", u32::from(letter));
            }
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn what_is_written_is_read(text in ".*") {
            let file: toml::Table = toml::from_str(&format!("x = {}", literal(&text))).unwrap();
            proptest::prop_assert_eq!(file["x"].as_str(), Some(text.as_str()));
        }
    }
}

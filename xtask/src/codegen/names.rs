//! Rust's names for a model's.

/// A member's name in snake case: `FunctionName` becomes `function_name`, `SSEKMSKeyId`
/// `ssekms_key_id`, `ETag` `e_tag`.
pub(crate) fn snake(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut text = String::new();
    for (at, letter) in letters.iter().enumerate() {
        let before = at.checked_sub(1).map(|i| letters[i]);
        let after = letters.get(at + 1);
        let word_begins = letter.is_uppercase()
            && before.is_some_and(|b| {
                b.is_lowercase()
                    || b.is_ascii_digit()
                    || (b.is_uppercase() && after.is_some_and(|a| a.is_lowercase()))
            });
        if word_begins && !text.ends_with('_') {
            text.push('_');
        }
        text.push(if *letter == '-' { '_' } else { letter.to_ascii_lowercase() });
    }
    text
}

/// A field's name: snake case, escaped where it is a word of Rust.
pub(crate) fn field(name: &str) -> String {
    let snake = snake(name);
    let words =
        ["type", "match", "ref", "in", "use", "as", "move", "where", "static", "loop", "yield", "override"];
    if words.contains(&snake.as_str()) { format!("r#{snake}") } else { snake }
}

/// A shape's name: the model's, its first letter in upper case.
pub(crate) fn shape(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_ascii_uppercase().to_string() + letters.as_str()).unwrap_or_default()
}

/// A constant's name.
pub(crate) fn constant(name: &str) -> String {
    snake(name).to_ascii_uppercase()
}

/// An enumeration's variant for a value: its words joined, none of them shouted.
pub(crate) fn variant(value: &str) -> String {
    let mut name = String::new();
    for word in value.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()) {
        let (first, rest) = word.split_at(1);
        let shouted =
            !word.chars().any(|c| c.is_ascii_lowercase()) && word.chars().any(|c| c.is_ascii_uppercase());
        name.push_str(&first.to_ascii_uppercase());
        name.push_str(&if shouted { rest.to_ascii_lowercase() } else { rest.to_owned() });
    }
    match name.as_str() {
        "" => "Empty".to_owned(),
        "Self" | "Other" => format!("V{name}"),
        _ if name.starts_with(|c: char| c.is_ascii_digit()) => format!("V{name}"),
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_as_rust() {
        for (name, expected) in [
            ("FunctionName", "function_name"),
            ("SSEKMSKeyId", "ssekms_key_id"),
            ("ETag", "e_tag"),
            ("ChecksumCRC32C", "checksum_crc32_c"),
            ("kmsKeyId", "kms_key_id"),
            ("x-amz-meta", "x_amz_meta"),
        ] {
            assert_eq!(snake(name), expected);
        }
        assert_eq!(field("Type"), "r#type");
        for (value, expected) in [
            ("nodejs20.x", "Nodejs20X"),
            ("AES256", "Aes256"),
            ("aws:kms", "AwsKms"),
            ("2.0", "V20"),
            ("", "Empty"),
        ] {
            assert_eq!(variant(value), expected, "{value}");
        }
    }
}

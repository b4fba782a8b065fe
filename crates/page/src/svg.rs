//! Pieces of SVG that several pictures are made of; whatever is text is escaped here.

/// A text for SVG or HTML, between tags or in a quoted attribute.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(letter),
        }
    }
    out
}

/// A picture with a name for those who cannot see it.
pub fn picture(class: &str, width: f64, height: f64, title: &str, inside: &str) -> String {
    let title = escaped(title);
    format!(
        "<svg class=\"{class}\" viewBox=\"0 0 {width:.0} {height:.0}\" width=\"{width:.0}\" height=\"{height:.0}\" \
         role=\"img\" aria-label=\"{title}\">{inside}</svg>"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_leaves_its_place() {
        let svg = picture("p", 1.0, 2.0, "\"><script>alert('1')</script>&", "");
        assert!(!svg.contains("<script") && svg.contains("&quot;&gt;&lt;script&gt;alert(&#39;1&#39;)"), "{svg}");
    }
}

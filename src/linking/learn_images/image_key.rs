//! Images as they are compared: by a key that does not change with scheme, query or size.

/// The images of one side: sorted keys without repeats, and their hosts.
pub struct Images {
    keys: Vec<String>,
    hosts: Vec<String>,
}

impl Images {
    /// The images of a JSON array of URLs; empty texts and nulls are passed over. `None` if it is no such array.
    pub fn parse(json: &str) -> Option<Self> {
        if json.trim().is_empty() {
            return Some(Self { keys: Vec::new(), hosts: Vec::new() });
        }
        let urls: Vec<Option<std::borrow::Cow<'_, str>>> = serde_json::from_str(json).ok()?;
        let mut keys: Vec<String> = urls.iter().flatten().map(|url| key(url)).filter(|key| !key.is_empty()).collect();
        keys.sort_unstable();
        keys.dedup();
        let mut hosts: Vec<String> = keys.iter().filter_map(|key| key.split('/').next()).map(str::to_owned).collect();
        hosts.dedup();
        Some(Self { keys, hosts })
    }

    /// How many different images.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// How many images both have.
    pub fn shared(&self, other: &Self) -> usize {
        self.keys.iter().filter(|key| other.keys.binary_search(key).is_ok()).count()
    }

    /// Whether some host serves images of both.
    pub fn shares_host(&self, other: &Self) -> bool {
        self.hosts.iter().any(|host| other.hosts.contains(host))
    }
}

/// The host in lower case and the path without size tokens (`_120x240`, `w=300`, `/1200/`).
fn key(url: &str) -> String {
    let page = url.trim().split(['?', '#']).next().unwrap_or_default();
    let rest = page.split_once("://").map_or_else(|| page.trim_start_matches('/'), |(_, rest)| rest);
    let mut segments = rest.split('/');
    let mut key = segments.next().unwrap_or_default().to_lowercase();
    for segment in segments.filter(|segment| !is_size(segment)) {
        key.push('/');
        push_without_dimensions(segment, &mut key);
    }
    key
}

/// Whether a part of a path is only a size: 2 to 4 digits, or `w=300` and the like.
fn is_size(segment: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    (digits(segment) && (2..=4).contains(&segment.len()))
        || segment.split(',').all(|part| {
            part.split_once('=')
                .is_some_and(|(name, value)| matches!(name, "w" | "h" | "width" | "height") && digits(value))
        })
}

/// Leaves out the first `_<digits>x<digits>`.
fn push_without_dimensions(segment: &str, out: &mut String) {
    for (at, _) in segment.match_indices('_') {
        let (before, token) = segment.split_at(at);
        let token = token.get(1..).unwrap_or_default();
        let width = token.bytes().take_while(u8::is_ascii_digit).count();
        let Some(rest) = token.get(width..).and_then(|rest| rest.strip_prefix('x')) else { continue };
        let height = rest.bytes().take_while(u8::is_ascii_digit).count();
        if width > 0 && height > 0 {
            out.push_str(before);
            out.push_str(rest.get(height..).unwrap_or_default());
            return;
        }
    }
    out.push_str(segment);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_keeps_host_and_path_only() {
        assert_eq!(key("https://CDN.a.com/x/1200/Dress_123x456.jpg?w=3#f"), "cdn.a.com/x/Dress.jpg");
        assert_eq!(key("//cdn.a.com/w=300,h=400/a_b_1x.jpg"), "cdn.a.com/a_b_1x.jpg");
        assert_eq!(key("https://a.com/12345/1.jpg"), "a.com/12345/1.jpg");
        assert_eq!(key(""), "");
    }

    #[test]
    fn repeats_and_empty_texts_do_not_count() {
        let images = Images::parse(r#"["https://a.com/1.jpg","http://a.com/1.jpg?x","",null]"#).unwrap();
        assert_eq!(images.len(), 1);
        assert!(Images::parse("").unwrap().is_empty());
        assert!(Images::parse("{}").is_none());
    }
}

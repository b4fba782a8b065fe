//! The forms of a URL under which two addresses count as the same page.

use std::{borrow::Cow, collections::BTreeMap};

/// Query parameters, by retailer, that tell variants apart and stay in a page's key (section 15, L2).
pub type IdentityParams = BTreeMap<String, Vec<String>>;

/// The text before the first `?`, without its trailing slashes: the form N of the specification (section 4.2).
pub fn normalized(url: &str) -> &str {
    url.split('?').next().unwrap_or_default().trim_end_matches('/')
}

/// Whether two addresses differ in their form N.
pub fn changed(catalog_url: &str, product_url: &str) -> bool {
    normalized(catalog_url) != normalized(product_url)
}

/// Whether the text has a scheme and a host, as a page's address must.
pub fn is_absolute(url: &str) -> bool {
    url.split_once("://").is_some_and(|(scheme, rest)| {
        !scheme.is_empty()
            && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
            && !rest.is_empty()
            && !rest.starts_with(['/', '?', '#'])
    })
}

/// Form N with the query parameters that tell variants apart kept, sorted by name.
///
/// Without such a parameter in the URL the result is exactly [`normalized`].
pub fn normalized_keeping<'a>(url: &'a str, identity: &[String]) -> Cow<'a, str> {
    let base = normalized(url);
    match identity_suffix(url, identity) {
        None => Cow::Borrowed(base),
        Some(suffix) => Cow::Owned(format!("{base}{suffix}")),
    }
}

/// The form N2 (section 15, L1): form N of the page without its fragment, with the host in lower case and without `www.`,
/// escapes of unreserved characters (RFC 3986, section 2.3) decoded, identity parameters kept.
///
/// The scheme stays as it is: `http` and `https` are different addresses.
pub fn canonical(url: &str, identity: &[String]) -> String {
    let page = url.split('#').next().unwrap_or_default();
    let base = normalized(page);
    let (scheme, rest) = base.find("://").map_or(("", base), |colon| base.split_at(colon + "://".len()));
    let (host, path) = rest.find('/').map_or((rest, ""), |slash| rest.split_at(slash));
    let host = host.to_lowercase();
    let mut key = String::with_capacity(url.len());
    key.push_str(scheme);
    key.push_str(host.strip_prefix("www.").unwrap_or(&host));
    decode_unreserved(path, &mut key);
    if let Some(suffix) = identity_suffix(page, identity) {
        key.push_str(&suffix);
    }
    key
}

fn identity_suffix(url: &str, identity: &[String]) -> Option<String> {
    if identity.is_empty() {
        return None;
    }
    let query = url.split_once('?')?.1.split('#').next().unwrap_or_default();
    let mut kept: Vec<&str> = query
        .split('&')
        .filter(|pair| identity.iter().any(|name| pair.split('=').next() == Some(name.as_str())))
        .collect();
    kept.sort_unstable();
    (!kept.is_empty()).then(|| format!("?{}", kept.join("&")))
}

fn decode_unreserved(path: &str, out: &mut String) {
    let mut rest = path;
    while let Some(at) = rest.find('%') {
        let (before, escape) = rest.split_at(at);
        out.push_str(before);
        let decoded = escape
            .get(1..3)
            .and_then(|hex| u8::from_str_radix(hex, 16).ok())
            .filter(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~'));
        match decoded {
            Some(byte) => {
                out.push(char::from(byte));
                rest = escape.get(3..).unwrap_or_default();
            }
            None => {
                out.push('%');
                rest = escape.get(1..).unwrap_or_default();
            }
        }
    }
    out.push_str(rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_normalized_form_cuts_the_query_and_trailing_slashes_and_nothing_else() {
        assert_eq!(normalized("https://a.com/x//?q=1"), "https://a.com/x");
        assert_eq!(normalized("?q"), "");
        assert_eq!(normalized("https://a.com/x#f?y=1"), "https://a.com/x#f");
        assert_eq!(normalized("HTTPS://A.com/é/ "), "HTTPS://A.com/é/ ");
        assert_eq!(normalized(""), "");
    }

    #[test]
    fn the_canonical_form_ignores_host_case_www_fragment_and_unreserved_escapes() {
        let wanted = "https://shop.com/A-b/c%2Fd";
        assert_eq!(canonical("https://www.Shop.com/%41-b/c%2Fd/?x=1#top", &[]), wanted);
        assert_eq!(canonical("https://shop.com/A%2db/c%2Fd/#top?x=1", &[]), wanted);
        assert_eq!(canonical("https://a.com/x%", &[]), "https://a.com/x%");
        assert_eq!(canonical("https://a.com/x%é1", &[]), "https://a.com/x%é1");
        assert_ne!(canonical("https://shop.com/a-b", &[]), canonical("https://shop.com/A-b", &[]));
    }

    #[test]
    fn the_canonical_form_keeps_the_scheme() {
        assert_ne!(canonical("http://shop.com/a", &[]), canonical("https://shop.com/a", &[]));
        assert_eq!(canonical("http://WWW.shop.com/a", &[]), "http://shop.com/a");
        assert_eq!(canonical("WWW.Shop.com/A", &[]), "shop.com/A");
    }

    #[test]
    fn identity_parameters_stay_in_the_key_in_a_fixed_order() {
        let identity = ["color".to_owned(), "size".to_owned()];
        assert_eq!(
            normalized_keeping("https://a.com/x/?size=S&utm=1&color=red", &identity),
            "https://a.com/x?color=red&size=S"
        );
        assert_eq!(normalized_keeping("https://a.com/x/?utm=1", &identity), "https://a.com/x");
        assert_eq!(canonical("https://A.com/x?color=red#c", &identity), "https://a.com/x?color=red");
    }

    #[test]
    fn an_address_needs_a_scheme_and_a_host() {
        assert!(is_absolute("https://a.com"));
        assert!(!is_absolute("a.com/x"));
        assert!(!is_absolute("https://"));
        assert!(!is_absolute("https:///x"));
        assert!(!is_absolute("not a url"));
    }
}

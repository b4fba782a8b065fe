//! A key that is sent and never shown.

use std::fmt;

use super::error::HttpError;

/// What a service knows its caller by. It is not printed, not even by `{:?}`.
#[derive(Clone, PartialEq, Eq)]
pub struct Key(String);

impl Key {
    /// A key; blanks around it are taken away.
    ///
    /// # Errors
    /// When it is empty, or has characters that no header can carry. The error does not show it.
    pub fn new(text: &str) -> Result<Self, HttpError> {
        let text = text.trim();
        if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Ok(Self(text.to_owned()));
        }
        Err(HttpError::Setting {
            problem: "a key is empty or has characters that cannot be sent".to_owned(),
            mend: "set it to the key as the service gave it".to_owned(),
        })
    }

    /// The key, for the header alone.
    pub(super) fn expose(&self) -> &str {
        &self.0
    }

    /// A text without the key, wherever it stands in it.
    pub(super) fn hidden_in(&self, text: &str) -> String {
        text.replace(&self.0, "[key]")
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Key([hidden])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_never_shown() {
        let key = Key::new(" sk-secret\n").unwrap();
        assert_eq!(key.expose(), "sk-secret");
        assert!(!format!("{key:?}").contains("secret"));
        assert_eq!(key.hidden_in("bad key sk-secret."), "bad key [key].");
        for bad in ["", "  ", "a b", "ä", "a\nb"] {
            let error = Key::new(bad).unwrap_err().to_string();
            assert!(bad.trim().is_empty() || !error.contains(bad), "{error}");
        }
    }
}

//! Who asks, and what they may see and do.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::failure::Failure;

/// What a token may do; each role may do what those before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// See.
    Viewer,
    /// Decide of bundles, bring files, start runs.
    Reviewer,
    /// Set flags, throw kill switches, see what others did.
    Admin,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 3] = [Self::Viewer, Self::Reviewer, Self::Admin];

    /// The word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Reviewer => "reviewer",
            Self::Admin => "admin",
        }
    }

    /// The role of a word.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }
}

/// Who asks.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The token.
    pub token: String,
    /// What it is called: who decides.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// The shops that it sees; `None` for all.
    pub shops: Option<Vec<String>>,
}

impl Caller {
    /// Whether the caller sees a shop.
    pub fn sees(&self, shop: &str) -> bool {
        self.shops.as_ref().is_none_or(|shops| shops.iter().any(|own| own == shop))
    }

    /// Whether the caller sees every shop, and what is about all of them.
    pub fn sees_all(&self) -> bool {
        self.shops.is_none()
    }

    /// The shop that is asked for, or the only one that the caller sees.
    ///
    /// # Errors
    /// When it is not the caller's, or none is named where there are several.
    pub fn shop(&self, asked: Option<&str>) -> Result<String, Failure> {
        match (asked, self.shops.as_deref()) {
            (Some(asked), _) => {
                let shop = normalised(asked);
                if self.sees(&shop) { Ok(shop) } else { Err(Failure::forbidden("this token is not for that shop")) }
            }
            (None, Some([only])) => Ok(only.clone()),
            (None, _) => Err(Failure::invalid("query", "shopId", "say which shop", "missing")),
        }
    }
}

/// A shop's name as it is compared: trimmed and in small letters.
pub fn normalised(shop: &str) -> String {
    shop.trim().to_lowercase()
}

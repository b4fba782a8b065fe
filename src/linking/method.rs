//! The ways a link can be found, in the order the cascade tries them.

/// How a link was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Method {
    /// The same URL.
    ExactUrl,
    /// The same URL without query and trailing slashes.
    NormalizedUrl,
    /// The same page under another spelling of its URL.
    CanonicalUrl,
    /// The same product code.
    ProductCode,
    /// The same title at about the same price.
    ExactTitlePrice,
    /// A similar title at about the same price.
    FuzzyTitlePrice,
}

impl Method {
    /// Every method, in cascade order.
    pub const ALL: [Self; 6] = [
        Self::ExactUrl,
        Self::NormalizedUrl,
        Self::CanonicalUrl,
        Self::ProductCode,
        Self::ExactTitlePrice,
        Self::FuzzyTitlePrice,
    ];

    /// The name stored in `link_method`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ExactUrl => "exact_url",
            Self::NormalizedUrl => "normalized_url",
            Self::CanonicalUrl => "canonical_url",
            Self::ProductCode => "product_code",
            Self::ExactTitlePrice => "exact_title_price",
            Self::FuzzyTitlePrice => "fuzzy_title_price",
        }
    }

    /// The method of a stored name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.name() == name)
    }

    /// The confidence of a link found this way; for the fuzzy level the least one.
    pub const fn confidence(self) -> f64 {
        match self {
            Self::ExactUrl => 1.0,
            Self::NormalizedUrl | Self::ExactTitlePrice => 0.95,
            Self::CanonicalUrl => 0.94,
            Self::ProductCode => 0.90,
            Self::FuzzyTitlePrice => 0.85,
        }
    }
}

/// The `method` of an attempt that found nothing.
pub const NO_METHOD: &str = "none";

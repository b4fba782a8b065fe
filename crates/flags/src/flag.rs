//! What a flag is, and what it may be set to.

use std::{borrow::Cow, fmt};

use serde_json::Value as Json;

/// A flag.
#[derive(Debug, PartialEq)]
pub struct Flag {
    /// Its key: words with dots between.
    pub key: &'static str,
    /// Its value unless another is set; of the same type is every other.
    pub default: FlagValue,
    /// What it decides, in a sentence.
    pub about: &'static str,
}

/// A flag's value.
#[derive(Clone, Debug, PartialEq)]
pub enum FlagValue {
    /// On or off.
    Switch(bool),
    /// A whole number.
    Int(i64),
    /// A number.
    Float(f64),
    /// Whole numbers in order.
    Ints(Cow<'static, [i64]>),
}

impl FlagValue {
    /// The value in JSON, if it is of the type of this one.
    pub fn like_this(&self, json: &Json) -> Option<Self> {
        Some(match self {
            Self::Switch(_) => Self::Switch(json.as_bool()?),
            Self::Int(_) => Self::Int(json.as_i64()?),
            Self::Float(_) => Self::Float(json.as_f64().filter(|number| number.is_finite())?),
            Self::Ints(_) => {
                let numbers = json.as_array()?.iter().map(Json::as_i64).collect::<Option<Vec<i64>>>()?;
                Self::Ints(Cow::Owned(numbers))
            }
        })
    }

    /// The value as JSON.
    pub fn to_json(&self) -> Json {
        match self {
            Self::Switch(is_on) => Json::from(*is_on),
            Self::Int(number) => Json::from(*number),
            Self::Float(number) => Json::from(*number),
            Self::Ints(numbers) => numbers.iter().copied().collect(),
        }
    }

    /// What values of this type are, for messages.
    pub fn type_words(&self) -> &'static str {
        match self {
            Self::Switch(_) => "true or false",
            Self::Int(_) => "a whole number",
            Self::Float(_) => "a number",
            Self::Ints(_) => "a list of whole numbers, such as [3, 5]",
        }
    }
}

impl fmt::Display for FlagValue {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_json().fmt(formatter)
    }
}

//! Texts of a bundle by a model that writes: what it is asked, and what is taken of its answer.

use serde::Deserialize;
use serde_json::{Value, json};

use super::copy::{BundleCopy, breaks_policy};
use crate::operator::Question;

/// What the model is to be, and the form of its answer (section 10.4).
const SYSTEM: &str = "You write short product copy for an online shop. Answer with one JSON object with the keys title (at most 40 \
    characters), description (at most 120), valueProposition (at most 120), explanation (at most 150), features (3 short texts) and \
    benefits (2 short texts). Say nothing that is not in the question: no materials, no guarantees, no urgency, no other prices.";

/// What a model wrote.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Written {
    title: String,
    description: String,
    value_proposition: String,
    explanation: String,
    #[serde(default)]
    features: Vec<String>,
    #[serde(default)]
    benefits: Vec<String>,
}

impl BundleCopy {
    /// The question for texts of a bundle whose texts by template are these.
    pub fn question(&self, names: &[String]) -> Question {
        let user = json!({
            "kind": self.badge,
            "products": names,
            "offer": self.description,
            "saving": self.savings_message,
            "why": self.explanation,
        });
        Question { system: SYSTEM.to_owned(), user: user.to_string() }
    }

    /// The texts with those that a model wrote in their places, cut to what is published; `None` where a text is missing or
    /// promises what must not be promised.
    pub fn rewritten(&self, answer: &Value, model: &str) -> Option<Self> {
        let written: Written = serde_json::from_value(answer.clone()).ok()?;
        let needed = [&written.title, &written.description, &written.value_proposition, &written.explanation];
        if needed.iter().any(|text| text.trim().is_empty()) {
            return None;
        }
        let listed = |texts: Vec<String>, most: usize, otherwise: &[String]| {
            let texts: Vec<String> = texts
                .into_iter()
                .map(|text| text.trim().to_owned())
                .filter(|text| !text.is_empty())
                .take(most)
                .collect();
            if texts.is_empty() { otherwise.to_vec() } else { texts }
        };
        let copy = Self {
            title: written.title,
            description: written.description,
            value_proposition: written.value_proposition,
            explanation: written.explanation.trim().to_owned(),
            features: listed(written.features, 3, &self.features),
            benefits: listed(written.benefits, 2, &self.benefits),
            source: model.to_owned(),
            ..self.clone()
        };
        let copy = copy.within_limits();
        breaks_policy(&copy).is_none().then_some(copy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template() -> BundleCopy {
        let text = |text: &str| text.to_owned();
        BundleCopy {
            badge: text("BOUGHT TOGETHER"),
            title: text("Shoe + Socks"),
            description: text("Shoe goes well with Socks."),
            value_proposition: text("Save 5.00 EUR."),
            explanation: text("Often bought together."),
            features: vec![text("Shoe")],
            benefits: vec![text("One parcel")],
            tagline: text("Better together"),
            cta_text: text("Add to cart"),
            savings_message: text("Save 5.00 EUR (10%)"),
            show_on: vec![text("cart")],
            is_active: true,
            source: text("template"),
        }
    }

    #[test]
    fn a_whole_answer_takes_the_places_of_the_template_and_is_cut() {
        let long = "x".repeat(300);
        let answer = json!({ "title": long, "description": " Run further. ", "valueProposition": "v", "explanation": "e",
            "features": ["a", "", "b", "c", "d"], "unasked": 1 });
        let copy = template().rewritten(&answer, "mini").unwrap();
        assert_eq!((copy.title.len(), copy.description.as_str(), copy.source.as_str()), (60, "Run further.", "mini"));
        assert_eq!(
            (copy.features, copy.benefits),
            (vec!["a".to_owned(), "b".to_owned(), "c".to_owned()], template().benefits)
        );
        assert_eq!(copy.savings_message, template().savings_message);
    }

    #[test]
    fn an_answer_that_lacks_a_text_or_promises_too_much_is_none() {
        let whole = json!({ "title": "t", "description": "d", "valueProposition": "v", "explanation": "e" });
        assert!(template().rewritten(&whole, "m").is_some());
        for (key, value) in
            [("title", json!(" ")), ("description", json!(3)), ("explanation", json!("It is RISK-FREE!"))]
        {
            let mut answer = whole.clone();
            answer[key] = value;
            assert_eq!(template().rewritten(&answer, "m"), None, "{key}");
        }
        assert_eq!(template().rewritten(&json!({}), "m"), None);
    }

    #[test]
    fn the_question_tells_what_is_known_and_no_more() {
        let question = template().question(&["Trail Shoe".to_owned()]);
        let user: Value = serde_json::from_str(&question.user).unwrap();
        assert_eq!(user["products"], json!(["Trail Shoe"]));
        assert_eq!(user["saving"], "Save 5.00 EUR (10%)");
    }
}

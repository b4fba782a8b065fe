//! The rules that turn texts into patterns, as they stand in the rules file, and what must hold of them.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Display,
};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::operator::ParamError;

/// The word for a target that is looked for in the request.
pub const DETECTED: &str = "detected";

/// A rules file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Rules {
    /// What a target can be.
    pub targets: Vec<String>,
    /// The target where none is found.
    pub default_target: String,
    /// Categories that no request has, but an error message or a template may give.
    pub more_categories: Vec<String>,
    /// Words noted among the characteristics, in order.
    pub keywords: Vec<String>,
    /// The categories of requests; the first with a term in the request wins.
    pub category: Vec<Category>,
    /// How targets are found; the first wins.
    pub target: Vec<Target>,
    /// What error messages say; every one with a term in the message counts.
    pub error: Vec<ErrorRule>,
    /// What templates say; the first with a term in the template wins.
    pub template: Vec<TemplateRule>,
    /// Term → the forms that count as the term when words are matched.
    pub forms: BTreeMap<String, Vec<String>>,
}

/// A category of requests.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Category {
    /// The first part of the pattern.
    pub name: String,
    /// Any of these makes a request one of the category.
    pub terms: Vec<String>,
    /// The third part of the pattern, or "detected".
    pub target: String,
    /// The second part where no subcategory has a term in the request.
    pub otherwise: String,
    /// The second part: the first with a term in the request.
    #[serde(default)]
    pub subcategory: Vec<Subcategory>,
}

/// A subcategory.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Subcategory {
    /// The second part of the pattern.
    pub name: String,
    /// Any of these.
    pub terms: Vec<String>,
}

/// A way to find a target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// The third part of the pattern.
    pub name: String,
    /// Any of these in the request.
    pub any: Vec<String>,
    /// And this as a word of its own, however terms are matched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub word: Option<String>,
    /// Or, when no target is found in the request, any of these in the template.
    #[serde(default)]
    pub template: Vec<String>,
}

/// What an error message says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ErrorRule {
    /// Any of these in the message.
    pub any: Vec<String>,
    /// The pattern.
    pub pattern: String,
}

/// What a template says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TemplateRule {
    /// Any of these in the template.
    pub any: Vec<String>,
    /// The pattern; none where such a template says nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
}

fn refuse(path: &[&dyn Display], problem: String, mend: &str) -> ParamError {
    let path = std::iter::once("rules".to_owned()).chain(path.iter().map(ToString::to_string)).collect();
    ParamError { path, problem, mend: mend.to_owned() }
}

impl Rules {
    /// Refuses rules that cannot be meant: two of a name, empty terms, targets and patterns that are not known.
    ///
    /// # Errors
    /// The first thing wrong, with the way to it.
    pub fn check(&self) -> Result<(), ParamError> {
        if self.category.is_empty() {
            return Err(refuse(&[], "there are no categories".to_owned(), "add a [[category]]"));
        }
        for (place, target) in self.targets.iter().enumerate() {
            self.check_part(target, &[&"targets", &place])?;
        }
        check_doubles(&self.targets, "targets", "target")?;
        self.known_target(&self.default_target, &[&"default_target"])?;
        for (place, name) in self.more_categories.iter().enumerate() {
            self.check_part(name, &[&"more_categories", &place])?;
        }
        check_doubles(&self.more_categories, "more_categories", "category")?;
        check_terms(&self.keywords, &[&"keywords"])?;
        check_doubles(&self.keywords, "keywords", "keyword")?;
        self.check_categories()?;
        self.check_targets()?;
        for (place, rule) in self.error.iter().enumerate() {
            needed_terms(&rule.any, &[&"error", &place, &"any"])?;
            self.check_pattern(&rule.pattern, &[&"error", &place, &"pattern"])?;
        }
        for (place, rule) in self.template.iter().enumerate() {
            needed_terms(&rule.any, &[&"template", &place, &"any"])?;
            if let Some(pattern) = &rule.pattern {
                self.check_pattern(pattern, &[&"template", &place, &"pattern"])?;
            }
        }
        let terms = self.terms();
        for (term, forms) in &self.forms {
            if !terms.contains(term.as_str()) {
                let mend = "use a term or keyword of this file as it is written there, or take it out";
                return Err(refuse(&[&"forms", term], format!("'{term}' is no term"), mend));
            }
            needed_terms(forms, &[&"forms", term])?;
        }
        Ok(())
    }

    /// All terms that may have forms.
    fn terms(&self) -> BTreeSet<&str> {
        let subcategories = self.category.iter().flat_map(|category| &category.subcategory);
        (self.category.iter().map(|category| &category.terms))
            .chain(subcategories.map(|subcategory| &subcategory.terms))
            .chain(self.target.iter().flat_map(|target| [&target.any, &target.template]))
            .chain(self.error.iter().map(|rule| &rule.any))
            .chain(self.template.iter().map(|rule| &rule.any))
            .chain([&self.keywords])
            .flatten()
            .map(String::as_str)
            .collect()
    }

    fn check_categories(&self) -> Result<(), ParamError> {
        let mut names = BTreeSet::new();
        for (place, category) in self.category.iter().enumerate() {
            self.check_part(&category.name, &[&"category", &place, &"name"])?;
            self.check_part(&category.otherwise, &[&"category", &place, &"otherwise"])?;
            if !names.insert(&category.name) || self.more_categories.contains(&category.name) {
                let problem = format!("the category '{}' is there twice", category.name);
                return Err(refuse(&[&"category", &place, &"name"], problem, "give one of them another name"));
            }
            needed_terms(&category.terms, &[&"category", &place, &"terms"])?;
            if category.target != DETECTED {
                self.known_target(&category.target, &[&"category", &place, &"target"])?;
            }
            let mut inner = BTreeSet::new();
            for (index, subcategory) in category.subcategory.iter().enumerate() {
                let path: [&dyn Display; 5] = [&"category", &place, &"subcategory", &index, &"name"];
                self.check_part(&subcategory.name, &path)?;
                if !inner.insert(&subcategory.name) {
                    let problem = format!("the subcategory '{}' is there twice", subcategory.name);
                    return Err(refuse(&path, problem, "put their terms into one"));
                }
                needed_terms(&subcategory.terms, &[&"category", &place, &"subcategory", &index, &"terms"])?;
            }
        }
        Ok(())
    }

    fn check_targets(&self) -> Result<(), ParamError> {
        let mut names = BTreeSet::new();
        for (place, target) in self.target.iter().enumerate() {
            self.known_target(&target.name, &[&"target", &place, &"name"])?;
            if !names.insert(&target.name) {
                let problem = format!("the target '{}' is there twice", target.name);
                return Err(refuse(&[&"target", &place, &"name"], problem, "put their terms into one"));
            }
            needed_terms(&target.any, &[&"target", &place, &"any"])?;
            check_terms(target.word.as_slice(), &[&"target", &place, &"word"])?;
            check_terms(&target.template, &[&"target", &place, &"template"])?;
        }
        Ok(())
    }

    fn known_target(&self, name: &str, path: &[&dyn Display]) -> Result<(), ParamError> {
        if self.targets.iter().any(|target| target == name) {
            return Ok(());
        }
        let mend = format!("use \"detected\" or one of: {}; or add it to `targets`", self.targets.join(", "));
        Err(refuse(path, format!("unknown target '{name}'"), &mend))
    }

    /// A part of a pattern: not empty, and without the colon that parts them.
    fn check_part(&self, part: &str, path: &[&dyn Display]) -> Result<(), ParamError> {
        if !part.is_empty() && !part.contains(|c: char| c == ':' || c.is_whitespace() || c.is_uppercase()) {
            return Ok(());
        }
        let problem = format!("'{part}' cannot be a part of a pattern");
        Err(refuse(path, problem, "write it in lower case, without spaces and colons"))
    }

    /// A pattern has three parts, a known category and a known target.
    fn check_pattern(&self, pattern: &str, path: &[&dyn Display]) -> Result<(), ParamError> {
        let parts: Vec<&str> = pattern.split(':').collect();
        let [category, subcategory, target] = parts[..] else {
            let problem = format!("'{pattern}' is no pattern");
            return Err(refuse(path, problem, "write category:subcategory:target"));
        };
        self.check_part(subcategory, path)?;
        self.known_target(target, path)?;
        let known = self.category.iter().any(|known| known.name == category)
            || self.more_categories.iter().any(|known| known == category);
        if known {
            return Ok(());
        }
        Err(refuse(path, format!("unknown category '{category}'"), "add it to `more_categories`"))
    }
}

/// Refuses a name that is in a list twice, where it is there again.
fn check_doubles(names: &[String], list: &str, what: &str) -> Result<(), ParamError> {
    let mut known = BTreeSet::new();
    match names.iter().enumerate().find(|(_, name)| !known.insert(*name)) {
        None => Ok(()),
        Some((place, name)) => {
            Err(refuse(&[&list, &place], format!("the {what} '{name}' is there twice"), "take one of them out"))
        }
    }
}

fn needed_terms(terms: &[String], path: &[&dyn Display]) -> Result<(), ParamError> {
    if terms.is_empty() {
        return Err(refuse(path, "there are no terms".to_owned(), "give at least one"));
    }
    check_terms(terms, path)
}

fn check_terms(terms: &[String], path: &[&dyn Display]) -> Result<(), ParamError> {
    for (place, term) in terms.iter().enumerate() {
        let at: Vec<&dyn Display> = path.iter().copied().chain([&place as &dyn Display]).collect();
        if term.trim().is_empty() {
            return Err(refuse(&at, "this term is empty".to_owned(), "an empty term would be found everywhere"));
        }
        if term.to_lowercase() != *term || term.trim() != term {
            let problem = format!("'{term}' would never be found");
            return Err(refuse(&at, problem, "write terms in lower case, without spaces around them"));
        }
    }
    Ok(())
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// The rules file of the project.
    pub fn standard() -> Rules {
        toml::from_str(include_str!("../../pipelines/rules/workflow-patterns.toml")).unwrap()
    }

    fn refused(change: impl Fn(&mut Rules)) -> (String, String) {
        let mut rules = standard();
        change(&mut rules);
        let error = rules.check().unwrap_err();
        (error.path.join("."), error.problem)
    }

    #[test]
    fn the_projects_own_rules_hold() {
        standard().check().unwrap();
    }

    #[test]
    fn a_name_used_twice_an_empty_term_and_an_unknown_target_are_refused_where_they_stand() {
        let (path, problem) = refused(|rules| rules.category[3].name = "test".into());
        assert_eq!((path.as_str(), problem.as_str()), ("rules.category.3.name", "the category 'test' is there twice"));
        let (path, problem) = refused(|rules| rules.category[1].terms[2] = " ".into());
        assert_eq!((path.as_str(), problem.as_str()), ("rules.category.1.terms.2", "this term is empty"));
        let (path, problem) = refused(|rules| rules.category[0].target = "cellar".into());
        assert_eq!((path.as_str(), problem.as_str()), ("rules.category.0.target", "unknown target 'cellar'"));
        let (path, _) = refused(|rules| rules.error[0].pattern = "test:pytest:cellar".into());
        assert_eq!(path, "rules.error.0.pattern");
        let (path, _) = refused(|rules| rules.error[0].pattern = "test:pytest".into());
        assert_eq!(path, "rules.error.0.pattern");
        let (path, _) = refused(|rules| rules.forms.insert("test".into(), Vec::new()).map_or((), drop));
        assert_eq!(path, "rules.forms.test");
    }

    #[test]
    fn forms_of_what_is_no_term_are_refused() {
        let (path, problem) = refused(|rules| {
            rules.forms.insert("dif".into(), vec!["difs".into()]);
        });
        assert_eq!((path.as_str(), problem.as_str()), ("rules.forms.dif", "'dif' is no term"));
    }
}

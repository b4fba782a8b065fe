//! The patterns of one workflow: `category:subcategory:target`, from its request, error message and template.

use aho_corasick::BuildError;

use super::{
    rules::{DETECTED, Rules},
    scanner::{Found, Matching, Scanner, TermId, Terms},
};

/// A pattern by its place in [`Signatures::names`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SignatureId(pub u32);

/// The rules, ready for use.
pub struct Signatures {
    request: Scanner,
    error: Scanner,
    template: Scanner,
    keywords: Vec<TermId>,
    categories: Vec<Category>,
    targets: Vec<Target>,
    default_target: usize,
    errors: Vec<(Vec<TermId>, SignatureId)>,
    templates: Vec<(Vec<TermId>, Option<SignatureId>)>,
    names: Vec<String>,
}

struct Category {
    terms: Vec<TermId>,
    /// Terms of each subcategory; the last has none and always holds.
    subcategories: Vec<Vec<TermId>>,
    detected: bool,
    /// By subcategory and target: one target where it is not detected.
    signatures: Vec<Vec<SignatureId>>,
}

struct Target {
    any: Vec<TermId>,
    word: Option<TermId>,
    template: Vec<TermId>,
    /// Its place among the targets.
    place: usize,
}

/// What a workflow says of itself; a text that is not there is empty.
#[derive(Clone, Copy, Default)]
pub struct Texts<'a> {
    /// The request in natural language, `nl_input`.
    pub request: &'a str,
    /// The error message.
    pub error: &'a str,
    /// The name of the template it was run by.
    pub template: &'a str,
}

/// Working space, used again for each workflow.
#[derive(Default)]
pub struct Workspace {
    request: Found,
    error: Found,
    template: Found,
    /// The workflow's patterns, in order.
    pub patterns: Vec<SignatureId>,
}

#[derive(Default)]
struct Names(Vec<String>);

impl Names {
    fn id(&mut self, name: String) -> SignatureId {
        let place = self.0.iter().position(|known| *known == name).unwrap_or_else(|| {
            self.0.push(name);
            self.0.len() - 1
        });
        SignatureId(u32::try_from(place).unwrap_or(u32::MAX))
    }
}

impl Signatures {
    /// Makes rules ready; [`Rules::check`] must have passed.
    ///
    /// # Errors
    /// When there are too many terms for an automaton.
    pub fn new(rules: &Rules, matching: Matching) -> Result<Self, BuildError> {
        let (mut request, mut error, mut template) = (Terms::default(), Terms::default(), Terms::default());
        let mut names = Names::default();
        let place = |name: &str| rules.targets.iter().position(|target| target == name).unwrap_or_default();
        let categories = rules.category.iter().map(|category| Category::new(category, rules, &mut request, &mut names));
        let categories = categories.collect();
        let targets = rules.target.iter().map(|target| Target {
            any: request.add_all(&target.any),
            word: target.word.as_deref().map(|word| request.add_word(word)),
            template: template.add_all(&target.template),
            place: place(&target.name),
        });
        let targets = targets.collect();
        let keywords = request.add_all(&rules.keywords);
        let errors =
            rules.error.iter().map(|rule| (error.add_all(&rule.any), names.id(rule.pattern.clone()))).collect();
        let templates = rules
            .template
            .iter()
            .map(|rule| (template.add_all(&rule.any), rule.pattern.clone().map(|pattern| names.id(pattern))))
            .collect();
        Ok(Self {
            request: request.scanner(matching, &rules.forms)?,
            error: error.scanner(matching, &rules.forms)?,
            template: template.scanner(matching, &rules.forms)?,
            keywords,
            categories,
            targets,
            default_target: place(&rules.default_target),
            errors,
            templates,
            names: names.0,
        })
    }

    /// All patterns that the rules can give, by [`SignatureId`].
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Finds the patterns of a workflow, without repeats: those of the request, the error message, the template.
    pub fn find(&self, texts: Texts<'_>, space: &mut Workspace) {
        space.patterns.clear();
        self.request.scan(texts.request, &mut space.request);
        self.template.scan(texts.template, &mut space.template);
        if let Some(primary) = self.primary(space) {
            space.patterns.push(primary);
        }
        if !texts.error.is_empty() {
            self.error.scan(texts.error, &mut space.error);
            for (terms, signature) in &self.errors {
                if space.error.has_any(terms) && !space.patterns.contains(signature) {
                    space.patterns.push(*signature);
                }
            }
        }
        let template = self.templates.iter().find(|(terms, _)| space.template.has_any(terms));
        if let Some((_, Some(signature))) = template
            && !space.patterns.contains(signature)
        {
            space.patterns.push(*signature);
        }
    }

    /// Which keywords, by place, were in the request that was looked at last.
    pub fn keywords<'s>(&'s self, space: &'s Workspace) -> impl Iterator<Item = usize> + 's {
        self.keywords.iter().enumerate().filter(|(_, term)| space.request.has(**term)).map(|(place, _)| place)
    }

    fn primary(&self, space: &Workspace) -> Option<SignatureId> {
        let category = self.categories.iter().find(|category| space.request.has_any(&category.terms))?;
        let last = category.subcategories.len();
        let subcategory = category.subcategories.iter().position(|terms| space.request.has_any(terms)).unwrap_or(last);
        let target = if category.detected { self.target(space) } else { 0 };
        category.signatures.get(subcategory)?.get(target).copied()
    }

    fn target(&self, space: &Workspace) -> usize {
        let in_request = |target: &&Target| {
            target.word.is_none_or(|word| space.request.has(word)) && space.request.has_any(&target.any)
        };
        let in_template = |target: &&Target| space.template.has_any(&target.template);
        let found = self.targets.iter().find(in_request).or_else(|| self.targets.iter().find(in_template));
        found.map_or(self.default_target, |target| target.place)
    }
}

impl Category {
    fn new(category: &super::rules::Category, rules: &Rules, terms: &mut Terms, names: &mut Names) -> Self {
        let detected = category.target == DETECTED;
        let targets = if detected { rules.targets.as_slice() } else { std::slice::from_ref(&category.target) };
        let subcategories = category.subcategory.iter().map(|subcategory| subcategory.name.as_str());
        let signatures = subcategories
            .chain([category.otherwise.as_str()])
            .map(|subcategory| {
                targets.iter().map(|target| names.id(format!("{}:{subcategory}:{target}", category.name))).collect()
            })
            .collect();
        Self {
            terms: terms.add_all(&category.terms),
            subcategories: category.subcategory.iter().map(|subcategory| terms.add_all(&subcategory.terms)).collect(),
            detected,
            signatures,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::rules::tests::standard, *};

    fn patterns(matching: Matching, request: &str, error: &str, template: &str) -> Vec<String> {
        let signatures = Signatures::new(&standard(), matching).unwrap();
        let mut space = Workspace::default();
        signatures.find(Texts { request, error, template }, &mut space);
        space.patterns.iter().map(|id| signatures.names()[id.0 as usize].clone()).collect()
    }

    fn primary(matching: Matching, request: &str) -> Option<String> {
        patterns(matching, request, "", "").into_iter().next()
    }

    #[test]
    fn every_category_has_its_subcategories_and_targets() {
        for (request, pattern) in [
            ("Run backend tests with pytest", "test:pytest:backend"),
            ("Run the vitest suite of the client", "test:vitest:frontend"),
            ("run mocha tests", "test:mocha:all"),
            ("Test both server and client", "test:generic:both"),
            ("Run all tests on the server", "test:generic:all"),
            ("Typecheck the API", "build:typecheck:backend"),
            ("Do a type check", "build:typecheck:all"),
            ("Two type-checks", "build:typecheck:all"),
            ("bundle it with webpack", "build:bundle:all"),
            ("Build the UI", "build:build:frontend"),
            ("Reformat with black", "format:black:all"),
            ("lint this", "format:generic:all"),
            ("Show git status", "git:status:summary"),
            ("git log of yesterday", "git:log:summary"),
            ("update dependencies with yarn", "deps:yarn:update"),
            ("pip install requests", "deps:pip:update"),
            ("update the readme", "docs:generate:all"),
        ] {
            assert_eq!(primary(Matching::Word, request).as_deref(), Some(pattern), "{request}");
        }
        assert_eq!(primary(Matching::Word, "Make coffee"), None);
    }

    #[test]
    fn substrings_count_only_when_asked_for() {
        assert_eq!(primary(Matching::Substring, "Get the latest").as_deref(), Some("test:generic:all"));
        assert_eq!(primary(Matching::Word, "Get the latest"), None);
        assert_eq!(primary(Matching::Substring, "build it").as_deref(), Some("build:build:frontend"));
        assert_eq!(primary(Matching::Word, "build it").as_deref(), Some("build:build:all"));
        assert_eq!(primary(Matching::Substring, "rapid tests").as_deref(), Some("test:generic:backend"));
    }

    #[test]
    fn error_messages_and_templates_add_patterns_without_repeats() {
        let error = "2 tests failed: TypeError\nESLint: 3 problems; tsc exited with 1";
        assert_eq!(
            patterns(Matching::Word, "run pytest on the server", error, "adw_test_iso"),
            ["test:pytest:backend", "build:typecheck:backend", "format:eslint:all", "test:generic:all"]
        );
        assert_eq!(patterns(Matching::Word, "", "", "adw_ship_iso"), ["deploy:ship:all"]);
        assert!(patterns(Matching::Word, "", "", "adw_plan_review").is_empty());
        assert_eq!(patterns(Matching::Word, "run tests", "", "client"), ["test:generic:frontend"]);
    }
}

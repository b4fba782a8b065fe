//! The house stands from the ground up: no circle of files.

mod source;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path as FilePath, PathBuf},
};

use source::{Path, Source};

/// Every module of the program that lies in a file of its own, by its path from the crate's root.
#[derive(Default)]
struct House {
    modules: BTreeMap<Path, (String, Source)>,
}

/// By file the others that it uses, and the paths it takes of each.
type Uses = BTreeMap<String, BTreeMap<String, BTreeSet<String>>>;

/// What a path leads to.
enum Place {
    Module(Path),
    /// An item, by the module that defines it.
    Item(Path),
}

impl House {
    /// Reads the crate whose root is `root` in `folder`.
    fn read(folder: &FilePath, root: &str) -> House {
        let mut house = House::default();
        house.enter(folder, root, &[]);
        house
    }

    fn enter(&mut self, folder: &FilePath, file: &str, module: &[String]) {
        let text = fs::read_to_string(folder.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
        let source = Source::parse(&text);
        for name in &source.modules {
            let child = [module, std::slice::from_ref(name)].concat();
            let path = child.iter().collect::<PathBuf>().display().to_string();
            let inside = format!("{path}/mod.rs");
            self.enter(folder, &if folder.join(&inside).exists() { inside } else { format!("{path}.rs") }, &child);
        }
        self.modules.insert(module.to_vec(), (file.to_owned(), source));
    }

    /// Where `path` leads when it is taken in the module `from`; nowhere, if to another crate.
    /// `taken` are the steps so far: two modules may bring in all names of each other.
    fn place(&self, from: &[String], path: &[String], taken: &mut BTreeSet<(Path, Path)>) -> Option<Place> {
        if !taken.insert((from.to_vec(), path.to_vec())) {
            return None;
        }
        let Some((first, rest)) = path.split_first() else { return Some(Place::Module(from.to_vec())) };
        let (_, source) = self.modules.get(from)?;
        match first.as_str() {
            "crate" => self.place(&[], rest, taken),
            "self" => self.place(from, rest, taken),
            "super" => self.place(&from[..from.len().checked_sub(1)?], rest, taken),
            name if source.modules.contains(name) => {
                self.place(&[from, std::slice::from_ref(first)].concat(), rest, taken)
            }
            name if source.defined.contains(name) => Some(Place::Item(from.to_vec())),
            name => match source.imports.get(name) {
                Some(import) if import[0] != *name => self.place(from, &[import, rest].concat(), taken),
                Some(_) => None,
                None => source.globs.iter().find_map(|glob| match self.place(from, glob, taken)? {
                    Place::Module(module) => self.place(&module, path, taken),
                    Place::Item(module) => Some(Place::Item(module)),
                }),
            },
        }
    }

    /// The files that each file uses, and what it takes from them.
    fn uses(&self) -> Uses {
        let mut uses = Uses::new();
        for (module, (file, source)) in &self.modules {
            let others = uses.entry(file.clone()).or_default();
            for path in &source.used {
                // A module is but an address: what counts is what is taken from it.
                if let Some(Place::Item(other)) = self.place(module, path, &mut BTreeSet::new())
                    && other != *module
                {
                    others.entry(self.modules[&other].0.clone()).or_default().insert(path.join("::"));
                }
            }
        }
        uses
    }
}

/// Files that use each other, directly or through others: every such group, sorted.
fn circles(uses: &Uses) -> Vec<Vec<String>> {
    let reached = |start: &String| {
        let mut reached = BTreeSet::new();
        let mut open = vec![start];
        while let Some(file) = open.pop() {
            open.extend(uses[file].keys().filter(|other| reached.insert((*other).clone())));
        }
        reached
    };
    let reached: BTreeMap<&String, BTreeSet<String>> = uses.keys().map(|file| (file, reached(file))).collect();
    let mut circles = BTreeSet::new();
    for (file, others) in &reached {
        if others.contains(*file) {
            circles.insert(others.iter().filter(|other| reached[other].contains(*file)).cloned().collect());
        }
    }
    circles.into_iter().collect()
}

/// The rooms that the files of each room use: top-level folders of `src`, and files that lie beside them.
fn rooms(uses: &Uses) -> Uses {
    let room = |file: &str| file.split('/').next().unwrap_or_default().to_owned();
    let mut rooms = Uses::new();
    for (file, others) in uses {
        let of_room = rooms.entry(room(file)).or_default();
        for (other, taken) in others.iter().filter(|(other, _)| room(other) != room(file)) {
            of_room.entry(room(other)).or_default().extend(taken.iter().cloned());
        }
    }
    rooms
}

/// Who uses whom in each circle, and takes what.
fn in_words(uses: &Uses) -> String {
    let mut words = String::new();
    for circle in circles(uses) {
        for file in &circle {
            for (other, taken) in uses[file].iter().filter(|(other, _)| circle.contains(other)) {
                let taken: Vec<&str> = taken.iter().map(String::as_str).collect();
                words += &format!("  {file} takes {} from {other}\n", taken.join(", "));
            }
        }
        words.push('\n');
    }
    words
}

#[test]
fn no_two_files_and_no_two_rooms_use_each_other() {
    let uses = House::read(&FilePath::new(env!("CARGO_MANIFEST_DIR")).join("src"), "main.rs").uses();
    assert!(uses["main.rs"].contains_key("cli/mod.rs") && uses.len() > 200, "the paths are not understood");
    let (files, rooms) = (in_words(&uses), in_words(&rooms(&uses)));
    assert!(files.is_empty(), "files that use each other; move what both need into a file below them:\n{files}");
    assert!(rooms.is_empty(), "rooms that use each other:\n{rooms}");
}

#[test]
fn the_crates_beside_the_program_have_no_circles_either() {
    let crates = fs::read_dir(FilePath::new(env!("CARGO_MANIFEST_DIR")).join("crates")).unwrap();
    let mut found = String::new();
    for entry in crates.map(|entry| entry.unwrap().path()) {
        let circles = in_words(&House::read(&entry.join("src"), "lib.rs").uses());
        if !circles.is_empty() {
            found += &format!("files of {}:\n{circles}", entry.display());
        }
    }
    assert!(found.is_empty(), "files that use each other; move what both need into a file below them:\n{found}");
}

#[test]
fn a_circle_is_seen_through_second_addresses_imported_modules_and_all_names() {
    let folder = tempfile::tempdir().unwrap();
    for (file, text) in [
        ("main.rs", "mod a; mod b; mod c; mod lone; fn main() { a::run(); lone::f() }"),
        ("a/mod.rs", "mod inner; pub use inner::Inner; use crate::b; pub fn run() { b::call() }"),
        ("a/inner.rs", "pub struct Inner; use crate::c::*; fn f() { third() }"),
        ("b.rs", "use crate::a::Inner; pub fn call() { Inner; }"),
        ("c.rs", "pub fn third() { super::b::call() }"),
        ("lone.rs", "pub fn f() { crate::a::run() }"),
    ] {
        fs::create_dir_all(folder.path().join("a")).unwrap();
        fs::write(folder.path().join(file), text).unwrap();
    }
    let uses = House::read(folder.path(), "main.rs").uses();
    assert_eq!(circles(&uses), [["a/inner.rs", "b.rs", "c.rs"]]);
}

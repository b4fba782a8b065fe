//! The password file and the service file of libpq.

use super::pairs::Pairs;

/// The password of the first line that fits host, port, database and user; `*` fits all
/// (<https://www.postgresql.org/docs/current/libpq-pgpass.html>).
pub(crate) fn password_in(text: &str, wanted: [&str; 4]) -> Option<String> {
    let lines = text.lines().map(|line| line.trim_end_matches('\r')).filter(|line| !line.starts_with('#'));
    lines.map(fields).find_map(|fields| {
        let [host, port, database, user, password] = fields.as_slice() else { return None };
        let given = [host, port, database, user];
        given.iter().zip(wanted).all(|(given, wanted)| *given == "*" || *given == wanted).then(|| password.clone())
    })
}

/// The parts between colons; the fifth goes to the end of the line. A backslash takes its meaning from what follows it.
fn fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        let count = fields.len();
        let Some(last) = fields.last_mut() else { break };
        match character {
            '\\' => last.extend(characters.next()),
            ':' if count < 5 => fields.push(String::new()),
            character => last.push(character),
        }
    }
    fields
}

/// The settings of a service (<https://www.postgresql.org/docs/current/libpq-pgservice.html>).
pub(crate) fn service_in(text: &str, name: &str) -> Option<Pairs> {
    let mut found: Option<Pairs> = None;
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if let Some(title) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            if found.is_some() {
                break;
            }
            found = (title == name).then(Pairs::new);
        } else if let (Some(pairs), Some((key, value))) = (&mut found, line.split_once('=')) {
            pairs.insert(key.trim().to_owned(), value.trim().to_owned());
        }
    }
    found
}

//! The two spellings of a connection string, taken apart.

use super::{
    error::{Error, Result},
    pairs::Pairs,
};

fn wrong(problem: impl Into<String>, mend: &str) -> Error {
    Error::Setting { key: "connection string".to_owned(), problem: problem.into(), mend: mend.to_owned() }
}

/// `postgres://user:password@host:port,host:port/database?key=value`; every part may be missing and is percent-decoded.
pub(crate) fn from_url(written: &str) -> Result<Pairs> {
    let mut pairs = Pairs::new();
    let rest = written.split_once("://").map_or(written, |(_, rest)| rest);
    let (rest, query) = rest.split_once('?').map_or((rest, None), |(rest, query)| (rest, Some(query)));
    let (authority, database) = rest.split_once('/').map_or((rest, ""), |(authority, database)| (authority, database));
    let (user, hosts) = authority.rsplit_once('@').map_or(("", authority), |(user, hosts)| (user, hosts));
    let (user, password) = user.split_once(':').map_or((user, ""), |(user, password)| (user, password));
    let mut give = |key: &str, value: &str| -> Result<()> {
        if !value.is_empty() {
            pairs.insert(key.to_owned(), decoded(value)?);
        }
        Ok(())
    };
    give("user", user)?;
    give("password", password)?;
    give("dbname", database)?;
    let (mut names, mut ports) = (Vec::new(), Vec::new());
    for host in hosts.split(',').filter(|host| !host.is_empty()) {
        let (name, port) = host_and_port(host)?;
        names.push(name);
        ports.push(port);
    }
    give("host", &names.join(","))?;
    // One port serves all hosts; else each has its own, the usual one where none is said.
    if ports.iter().any(|port| !port.is_empty()) {
        let ports: Vec<_> = ports.iter().map(|port| if port.is_empty() { "5432" } else { port }).collect();
        give("port", &ports.join(","))?;
    }
    for pair in query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair
            .split_once('=')
            .ok_or_else(|| wrong("what follows the question mark is not key=value", "write ?sslmode=verify-full"))?;
        match key {
            "ssl" if value == "true" => give("sslmode", "require")?,
            key => give(&decoded(key)?, value)?,
        }
    }
    Ok(pairs)
}

fn host_and_port(host: &str) -> Result<(&str, &str)> {
    if let Some(rest) = host.strip_prefix('[') {
        let (name, port) =
            rest.split_once(']').ok_or_else(|| wrong("a bracket of the host is not closed", "write [::1]:5432"))?;
        return Ok((name, port.strip_prefix(':').unwrap_or_default()));
    }
    Ok(host.split_once(':').unwrap_or((host, "")))
}

fn decoded(text: &str) -> Result<String> {
    let mend = "a percent sign itself is written %25";
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digits = [rest.next(), rest.next()].map(|digit| char::from(digit.unwrap_or_default()).to_digit(16));
        match digits {
            [Some(high), Some(low)] => bytes.push(u8::try_from(high * 16 + low).unwrap_or_default()),
            _ => return Err(wrong("a percent sign is not followed by two hexadecimal digits", mend)),
        }
    }
    String::from_utf8(bytes).map_err(|_| wrong("it is not UTF-8 when its percent signs are decoded", mend))
}

/// `host=localhost dbname='my shop'`; a quote or backslash in a value is written after a backslash.
pub(crate) fn from_pairs(written: &str) -> Result<Pairs> {
    let mut pairs = Pairs::new();
    let mut rest = written.trim_start();
    while !rest.is_empty() {
        let (key, after) = rest
            .split_once('=')
            .ok_or_else(|| wrong("it is neither a URL nor key=value pairs", "write postgres://user@host/database"))?;
        let (value, after) = value_of(after.trim_start())?;
        pairs.insert(key.trim().to_owned(), value);
        rest = after.trim_start();
    }
    Ok(pairs)
}

fn value_of(text: &str) -> Result<(String, &str)> {
    let quoted = text.starts_with('\'');
    let mut value = String::new();
    let mut characters = text.char_indices().skip(usize::from(quoted));
    while let Some((at, character)) = characters.next() {
        match character {
            '\\' => value.extend(characters.next().map(|(_, character)| character)),
            '\'' if quoted => return Ok((value, text.get(at + 1..).unwrap_or_default())),
            character if !quoted && character.is_whitespace() => {
                return Ok((value, text.get(at..).unwrap_or_default()));
            }
            character => value.push(character),
        }
    }
    if quoted {
        Err(wrong("a quote is not closed", "close it, or write \\' for a quote in a value"))
    } else {
        Ok((value, ""))
    }
}

//! `nightloom operators`: what a stage can be, with ports and parameters; the source of docs/operators.md.

use std::{collections::BTreeMap, fmt::Write, process::ExitCode};

use clap::Args;
use serde_json::{Value as Json, json};

use crate::{
    operator::{Inputs, OperatorKind, PortSchema},
    pipeline::{PipelineError, file::diagnostic::suggest, registry::Registry},
    report::table::Table,
};

/// List the operators, or describe one with its ports and parameters.
///
/// Example: nightloom operators link-products
#[derive(Args)]
pub struct Arguments {
    /// The operator to describe.
    operator: Option<String>,
    /// Print the reference of all operators as Markdown.
    #[arg(long)]
    markdown: bool,
}

/// Prints the list or the description.
pub fn main(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let registry = Registry::standard();
    if arguments.markdown {
        print!("{}", reference(&registry));
        return Ok(ExitCode::SUCCESS);
    }
    let Some(name) = &arguments.operator else {
        let mut table = Table::new(&["operator", "what it does"]);
        for kind in registry.iter() {
            table.row(vec![kind.name.to_owned(), kind.summary.to_owned()]);
        }
        println!("{table}");
        return Ok(ExitCode::SUCCESS);
    };
    let kind = registry.get(name).ok_or_else(|| PipelineError::Usage {
        problem: format!("there is no operator '{name}'"),
        mend: suggest(name, registry.names().collect::<Vec<_>>()),
    })?;
    print!("{}", describe(kind));
    Ok(ExitCode::SUCCESS)
}

fn reference(registry: &Registry) -> String {
    let mut text =
        "# Operators\n\nMade by `nightloom operators --markdown`; edit the operators, not this file.\n".to_owned();
    for kind in registry.iter() {
        let _ = write!(text, "\n{}", describe(kind));
    }
    text
}

fn describe(kind: &OperatorKind) -> String {
    let mut text = format!("## {}\n\n{} Version {}.", kind.name, kind.summary, kind.version);
    if kind.uses_as_of {
        text += " The as-of time decides its output.";
    }
    if kind.uses_seed {
        text += " The seed decides its output.";
    }
    if let Some(switch) = kind.switch {
        let _ = write!(text, " It is not run while the flag `{}` is off.", switch.key);
    }
    if !kind.flags.is_empty() {
        let keys: Vec<String> = kind.flags.iter().map(|flag| format!("`{}`", flag.key)).collect();
        let _ = write!(text, " These flags decide its output: {}.", keys.join(", "));
    }
    text += "\n\n### Inputs\n\n";
    match kind.inputs {
        Inputs::Any => text += "Any names, with all their columns; at least one.\n",
        Inputs::Ports(ports) => {
            for port in ports {
                let need = if port.required { "" } else { " (optional)" };
                let _ =
                    writeln!(text, "- `{}`{need}: {} Columns: {}.", port.name, port.about, columns(&port.columns()));
            }
        }
    }
    text += "\n### Outputs\n\n";
    match default_outputs(kind) {
        Some(outputs) => text += &outputs,
        None => text += "Known once its parameters are given.\n",
    }
    text += "\n### Parameters\n\n";
    text += &parameters(&json!((kind.params_schema)()));
    text
}

fn default_outputs(kind: &OperatorKind) -> Option<String> {
    let bound = (kind.bind)(json!({})).ok()?;
    let mut text = String::new();
    for port in bound.outputs(&BTreeMap::new()).ok()? {
        let _ = writeln!(text, "- `{}`: {} Columns: {}.", port.name, port.about, columns(&port.columns));
    }
    Some(text)
}

fn columns(columns: &PortSchema) -> String {
    let words: Vec<String> = columns
        .iter()
        .map(|column| format!("{} {}{}", column.name, column.kind.word(), if column.optional { "?" } else { "" }))
        .collect();
    words.join(", ")
}

fn parameters(schema: &Json) -> String {
    let Some(properties) = schema["properties"].as_object().filter(|properties| !properties.is_empty()) else {
        return "None.\n".to_owned();
    };
    let mut text = String::new();
    for (name, property) in properties {
        let about = property["description"].as_str().unwrap_or("").replace('\n', " ");
        let default = match &property["default"] {
            Json::Null => String::new(),
            value => format!(" Default `{value}`."),
        };
        let _ = writeln!(text, "- `{name}`: {about}{default}");
    }
    text
}

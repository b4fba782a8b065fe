//! `nightloom schema`: the JSON Schema of pipeline files, for editors.

use std::process::ExitCode;

use clap::Args;
use serde_json::{Value as Json, json};

use crate::pipeline::{file::model::PipelineFile, registry::Registry};

/// Print the JSON Schema of pipeline files, for editors.
///
/// Example: nightloom schema > nightloom.schema.json
#[derive(Args)]
pub struct Arguments {}

/// Prints the schema.
pub fn main(_: &Arguments) -> anyhow::Result<ExitCode> {
    println!("{}", serde_json::to_string_pretty(&schema(&Registry::standard()))?);
    Ok(ExitCode::SUCCESS)
}

/// The schema of the file, with each operator's parameters where a stage names it.
fn schema(registry: &Registry) -> Json {
    let mut schema = json!(schemars::schema_for!(PipelineFile));
    let mut choices = Vec::new();
    let mut moved = serde_json::Map::new();
    for kind in registry.iter() {
        let mut params = json!((kind.params_schema)());
        if let Some(properties) = params["properties"].as_object_mut() {
            properties.values_mut().for_each(allow_variable);
        }
        if let Some(object) = params.as_object_mut() {
            object.remove("$schema");
            if let Some(Json::Object(definitions)) = object.remove("$defs") {
                moved.extend(definitions);
            }
        }
        choices.push(json!({
            "if": { "properties": { "operator": { "const": kind.name } } },
            "then": { "properties": { "params": params } },
        }));
    }
    if let Some(definitions) = schema["$defs"].as_object_mut() {
        definitions.extend(moved);
        definitions["StageTable"]["allOf"] = json!(choices);
        definitions["StageTable"]["properties"]["operator"]["enum"] = json!(registry.names().collect::<Vec<_>>());
    }
    schema
}

/// Lets a parameter that is no text be given as a variable, which keeps its type.
fn allow_variable(property: &mut Json) {
    if property["type"] == "string" {
        return;
    }
    let mut wrapped = json!({ "anyOf": [property.take(), { "type": "string", "pattern": r"^\$\{vars\.[^}]+\}$" }] });
    for key in ["description", "default"] {
        if let Some(value) = wrapped["anyOf"][0].as_object_mut().and_then(|original| original.remove(key)) {
            wrapped[key] = value;
        }
    }
    *property = wrapped;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_knows_the_parameters_of_each_operator() {
        let schema = schema(&Registry::standard());
        let choices = schema["$defs"]["StageTable"]["allOf"].as_array().unwrap();
        let sql = choices.iter().find(|choice| choice["if"]["properties"]["operator"]["const"] == "sql").unwrap();
        assert_eq!(sql["then"]["properties"]["params"]["required"], json!(["query"]));
    }
}

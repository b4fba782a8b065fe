//! The OpenAPI 3.1 document of the endpoints, made of their types.

use schemars::{SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value as Json, json};

use super::{
    endpoint::{Access, BodyShape, Endpoint},
    failure::FailureBody,
};

/// The document.
pub fn document(endpoints: &[Endpoint]) -> Json {
    let mut settings = SchemaSettings::draft2020_12();
    settings.definitions_path = "/components/schemas".into();
    settings.meta_schema = None;
    let mut generator = settings.into_generator();
    let failure = generator.subschema_for::<FailureBody>();
    let mut paths: Map<String, Json> = Map::new();
    for endpoint in endpoints {
        let operation = operation(endpoint, &mut generator, &failure.clone().to_value());
        let path = paths.entry(endpoint.path.to_owned()).or_insert_with(|| json!({}));
        path[endpoint.method.as_str().to_ascii_lowercase()] = operation;
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "nightloom",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Results of the pipeline, and what people decide of them. A token sees its shops alone.",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "paths": paths,
        "components": {
            "schemas": generator.take_definitions(true),
            "securitySchemes": { "token": { "type": "http", "scheme": "bearer" } },
        },
    })
}

fn operation(endpoint: &Endpoint, generator: &mut SchemaGenerator, failure: &Json) -> Json {
    let content = |shape: &BodyShape, generator: &mut SchemaGenerator| {
        let mut content = Map::new();
        let schema = match shape.content_type {
            "application/json" | "multipart/form-data" => (shape.schema)(generator).to_value(),
            _ => json!({ "type": "string" }),
        };
        content.insert(shape.content_type.to_owned(), json!({ "schema": schema }));
        content
    };
    let reply = content(&endpoint.reply, generator);
    let mut responses: Map<String, Json> = Map::new();
    for code in &endpoint.codes {
        responses.insert(code.to_string(), json!({ "description": endpoint.about, "content": reply }));
    }
    let failed =
        json!({ "description": "Why it is not done.", "content": { "application/json": { "schema": failure } } });
    responses.insert("default".to_owned(), failed);
    let mut parameters = path_parameters(endpoint.path);
    parameters.extend(query_parameters(endpoint));
    let (security, role) = match endpoint.access {
        Access::Open => (json!([]), "everybody"),
        Access::Role(role) => (json!([{ "token": [] }]), role.name()),
    };
    let mut operation = json!({
        "operationId": operation_id(endpoint), "summary": endpoint.about, "parameters": parameters, "responses": responses,
        "security": security, "x-role": role, "tags": [tag(endpoint.path)],
    });
    if let Some(body) = &endpoint.body {
        operation["requestBody"] = json!({ "required": true, "content": content(body, generator) });
    }
    operation
}

fn operation_id(endpoint: &Endpoint) -> String {
    // Some paths are there with and without `/api`.
    let (plain, path) = match endpoint.path.strip_prefix("/api/") {
        Some(rest) => ("", rest),
        None => ("_plain", endpoint.path),
    };
    let words = path.split(['/', '-', '.']).filter(|word| !word.is_empty());
    let words: Vec<&str> = words.map(|word| word.trim_matches(['{', '}'])).collect();
    format!("{}{plain}_{}", endpoint.method.as_str().to_ascii_lowercase(), words.join("_"))
}

fn tag(path: &str) -> &str {
    path.trim_start_matches('/').trim_start_matches("api/").split('/').next().unwrap_or_default()
}

fn path_parameters(path: &str) -> Vec<Json> {
    let names = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let parameter = |name: &str| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string", "minLength": 1, "maxLength": 120 } });
    names.map(parameter).collect()
}

/// The fields of the query, each a parameter. Their schemas stand in the parameter itself.
fn query_parameters(endpoint: &Endpoint) -> Vec<Json> {
    let mut settings = SchemaSettings::draft2020_12();
    settings.inline_subschemas = true;
    let schema = (endpoint.query)(&mut settings.into_generator()).to_value();
    let required: Vec<&Json> = schema["required"].as_array().into_iter().flatten().collect();
    let fields = schema["properties"].as_object().into_iter().flatten();
    let parameter = |(name, schema): (&String, &Json)| {
        let mut schema = schema.clone();
        // What may be left out is not null in a query.
        if let Some(kinds) = schema.get_mut("type").and_then(Json::as_array_mut) {
            kinds.retain(|kind| kind != "null");
            if let [kind] = kinds.as_slice() {
                schema["type"] = kind.clone();
            }
        }
        if let Some(choices) = schema.get_mut("anyOf").and_then(Json::as_array_mut) {
            choices.retain(|choice| choice["type"] != "null");
        }
        let about = schema.as_object_mut().and_then(|schema| schema.remove("description")).unwrap_or(json!(""));
        json!({
            "name": name, "in": "query", "required": required.iter().any(|required| *required == name), "schema": schema,
            "description": about,
        })
    };
    fields.map(parameter).collect()
}

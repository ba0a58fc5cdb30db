//! The OpenAPI document: what each handler says of itself, and what holds for all of them.
//!
//! Invariant: whatever the edge, a log-in or a body can come to is written here once, and no handler has to remember it.

use utoipa::openapi::content::Content;
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Components, OpenApi, Ref, RefOr, Required, Response, Schema};

use super::idempotency;
use super::input::{LIMIT, LIMIT_UNSAID, PARAMETER_CHARS_MAX};
use super::sheet::XLSX;

const JSON: &str = "application/json";
const PROBLEM_JSON: &str = "application/problem+json";
const CSV: &str = "text/csv";

/// The finished document.
pub fn finished(mut document: OpenApi) -> OpenApi {
    let components = document.components.get_or_insert_default();
    for (name, what) in [
        ("session", "A person's session: the `token` of a log-in."),
        (
            "api_key",
            "A program's key: `tg_` and what follows. What only people do answers it 403, `person_required`.",
        ),
    ] {
        let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer);
        let scheme = SecurityScheme::Http(bearer.description(Some(what)).build());
        components.add_security_scheme(name, scheme);
    }
    for path in document.paths.paths.values_mut() {
        for (method, operation) in operations(path) {
            name(operation);
            let parameters = operation.parameters.iter_mut().flatten();
            for parameter in parameters.filter_map(inline) {
                bound(parameter);
            }
            body(operation, components);
            // A POST without a body says nothing that twice would be more than once.
            let has_body = operation.request_body.is_some();
            if has_session(operation) && method == "post" && has_body && !is_file(operation) {
                let key = idempotency_key().into();
                operation.parameters.get_or_insert_default().push(key);
            }
            tables(operation);
            refusals(operation, method);
        }
    }
    document
}

fn operations(path: &mut PathItem) -> impl Iterator<Item = (&'static str, &mut Operation)> {
    let all = [
        ("get", &mut path.get),
        ("post", &mut path.post),
        ("put", &mut path.put),
        ("delete", &mut path.delete),
    ];
    all.into_iter()
        .filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}

fn inline(parameter: &mut RefOr<Parameter>) -> Option<&mut Parameter> {
    match parameter {
        RefOr::T(parameter) => Some(parameter),
        RefOr::Ref(_) => None,
    }
}

/// Whether it needs a session: the log-in says that it needs nothing.
fn has_session(operation: &Operation) -> bool {
    operation.security.is_none()
}

/// Whether it takes a file, which needs no key: of one that comes twice the second adds nothing.
fn is_file(operation: &Operation) -> bool {
    matches!(
        operation.operation_id.as_deref(),
        Some("import_upload" | "statement_bring")
    )
}

/// Handlers are called alike in every noun; in the document each name stands once.
fn name(operation: &mut Operation) {
    let noun = operation
        .tags
        .iter()
        .flatten()
        .next()
        .cloned()
        .unwrap_or_default();
    operation.operation_id = operation.operation_id.take().map(|verb| format!("{noun}_{verb}"));
}

/// The limits that hold for every query parameter of its kind.
fn bound(parameter: &mut Parameter) {
    if parameter.name == "limit" {
        let limit = ObjectBuilder::new()
            .schema_type(Type::Integer)
            .minimum(Some(*LIMIT.start()))
            .maximum(Some(*LIMIT.end()))
            .default(Some(LIMIT_UNSAID.into()));
        parameter.schema = Some(limit.into());
    }
    // A parameter is not said, or it is something; it is never null.
    if let Some(RefOr::T(Schema::OneOf(one))) = &mut parameter.schema {
        one.items.retain(|item| !is_null(item));
        parameter.schema = one.items.pop();
    }
    let Some(RefOr::T(Schema::Object(object))) = &mut parameter.schema else {
        return;
    };
    if let SchemaType::Array(types) = &mut object.schema_type {
        types.retain(|one| *one != Type::Null);
        if let [one] = types.as_slice() {
            object.schema_type = SchemaType::Type(one.clone());
        }
    }
    let is_text = object.schema_type == SchemaType::Type(Type::String);
    if is_text && object.enum_values.is_none() && object.format.is_none() {
        object.min_length.get_or_insert(1);
        object.max_length.get_or_insert(PARAMETER_CHARS_MAX);
    }
}

fn is_null(schema: &RefOr<Schema>) -> bool {
    matches!(schema, RefOr::T(Schema::Object(object)) if object.schema_type == SchemaType::Type(Type::Null))
}

/// A body none of whose fields must be there need not be there itself.
fn body(operation: &mut Operation, components: &Components) {
    let Some(RefOr::T(body)) = &mut operation.request_body else {
        return;
    };
    let schemas = body.content.values().filter_map(|content| match content {
        RefOr::T(Content {
            schema: Some(RefOr::Ref(schema)),
            ..
        }) => components.schemas.get(schema.ref_location.rsplit('/').next()?),
        _ => None,
    });
    let must_be = |schema: &RefOr<Schema>| match schema {
        RefOr::T(Schema::Object(object)) => !object.required.is_empty(),
        _ => true,
    };
    if !schemas.into_iter().any(must_be) {
        body.required = Some(Required::False);
    }
}

fn idempotency_key() -> Parameter {
    ParameterBuilder::new()
        .name(idempotency::HEADER)
        .parameter_in(ParameterIn::Header)
        .description(Some(
            "A text of one's own; the same again gets the first answer again.",
        ))
        .schema(Some(
            ObjectBuilder::new()
                .schema_type(Type::String)
                .min_length(Some(1))
                .max_length(Some(idempotency::KEY_BYTES_MAX))
                // Blanks at either end are not the key's (RFC 9110, section 5.5).
                .pattern(Some("^[\\t -~]+$")),
        ))
        .build()
}

/// What goes as a table goes in either format.
fn tables(operation: &mut Operation) {
    for response in operation.responses.responses.values_mut() {
        let RefOr::T(response) = response else { continue };
        if response.content.contains_key(CSV) {
            let file = ObjectBuilder::new().schema_type(Type::String);
            let content = Content::new(Some(file));
            response.content.insert(XLSX.to_owned(), content.into());
        }
    }
}

/// What the edge, the log-in and the body can come to, beside what the handler says.
fn refusals(operation: &mut Operation, method: &str) {
    let (session, has_body) = (has_session(operation), operation.request_body.is_some());
    let is_set_up = operation.operation_id.as_deref() == Some("setup_set_up");
    let mut parameters = operation.parameters.iter().flatten();
    let is_read = |parameter: &RefOr<Parameter>| match parameter {
        RefOr::T(parameter) => parameter.parameter_in != ParameterIn::Path,
        RefOr::Ref(_) => true,
    };
    let has_fields = has_body || parameters.any(is_read);
    let holds = [
        (true, "400", "malformed_request"),
        (has_body, "400", "malformed_json"),
        (session, "401", "unauthenticated"),
        (session, "403", "person_required"),
        (session && method != "get", "403", "cross_origin"),
        (session && method != "get", "403", "second_factor_required"),
        (has_body, "408", "body_too_slow"),
        (has_body, "413", "body_too_large"),
        (has_body, "415", "unsupported_media_type"),
        (has_fields, "422", "invalid_field"),
        (
            has_body && session && method == "post" && !is_file(operation),
            "422",
            "idempotency_key_reused",
        ),
        (session, "429", "too_many_requests"),
        (true, "500", "internal"),
        (!is_set_up, "503", "not_set_up"),
        (true, "503", "overloaded"),
        (true, "503", "unavailable"),
        (true, "503", "timed_out"),
        (method != "get", "503", "outcome_unknown"),
    ];
    for (_, status, code) in holds.into_iter().filter(|(holds, ..)| *holds) {
        let responses = &mut operation.responses.responses;
        let response = responses
            .entry(status.to_owned())
            .or_insert_with(|| problem().into());
        if let RefOr::T(response) = response {
            say(&mut response.description, code);
        }
    }
    for (_, response) in operation
        .responses
        .responses
        .iter_mut()
        .filter(|(status, _)| is_refusal(status))
    {
        if let RefOr::T(response) = response {
            let content = std::mem::take(&mut response.content);
            let typed = content
                .into_iter()
                .map(|(media_type, content)| match media_type.as_str() {
                    JSON => (PROBLEM_JSON.to_owned(), content),
                    _ => (media_type, content),
                });
            response.content = typed.collect();
        }
    }
}

fn is_refusal(status: &str) -> bool {
    status.starts_with(['4', '5'])
}

fn problem() -> Response {
    let schema = Ref::from_schema_name("Problem");
    Response::builder()
        .content(PROBLEM_JSON, Content::new(Some(schema)))
        .build()
}

/// Adds a code to a description that lacks it.
fn say(description: &mut String, code: &str) {
    let has = description.split([',', ' ', ':', ';']).any(|word| word == code);
    if !has {
        if !description.is_empty() {
            description.push_str(", ");
        }
        description.push_str(code);
    }
}

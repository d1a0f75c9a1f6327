//! `POST /api/jobs`: an order for an upload that is here, or a form that brings the video along.

use super::door::{Shared, Visitor, Welcome, welcome};
use super::limits::{FIELD_BYTES, FIELDS};
use super::multipart::{Event, Part, Splitter};
use super::order::{self, Note};
use super::payload::{Broken, Intake, Payload};
use super::problem::{ProblemBody, Refusal};
use super::shape::{Created, JobBody, JobForm, NewJob};
use crate::asker::Asker;
use crate::fault::Fault;
use crate::services::blocking;
use crate::uploads::{Begin, Offer, Receiving};
use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use hyper::header::{self, HeaderValue};
use hyper::{HeaderMap, StatusCode};
use kinora_store::TaskId;
use kinora_store::contract::Job;
use serde_json::{Map, Value};
use std::sync::Arc;

/// Send a job.
///
/// Either JSON that names an upload which is complete, or a form that brings the video along:
/// `curl -F operation=compress -F file=@a.mp4 http://127.0.0.1:8080/api/jobs`.
#[utoipa::path(
    post,
    path = "/api/jobs",
    tag = "jobs",
    request_body(content(
        (NewJob = "application/json"),
        (JobForm = "multipart/form-data"),
    )),
    responses(
        (status = 201, body = Created, headers(("location" = String, description = "where the job is"))),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn submit(
    State(shared): State<Arc<Shared>>,
    visitor: Visitor,
    request: Request,
) -> Result<Response, Refusal> {
    let (head, body) = request.into_parts();
    let payload = Payload::new(body, shared.patience);
    let content_type = text(&head.headers, header::CONTENT_TYPE.as_str()).unwrap_or_default();
    let kind = content_type.split(';').next().unwrap_or_default().trim();
    match kind.to_ascii_lowercase().as_str() {
        "application/json" => {
            let asker = visitor.owner()?;
            let new: NewJob = payload.json().await?;
            let job = from_upload(&shared, &asker, new).await?;
            answer(&shared, &asker, &job, None).await
        }
        "multipart/form-data" => {
            let (asker, new) = visitor.owner_or_new(&shared);
            let form = Form {
                bound: length(&head.headers),
                splitter: Splitter::new(content_type),
                client: visitor.client,
                asker: asker.clone(),
                shared: Arc::clone(&shared),
            };
            // A task of its own, which outlives the connection: what has been begun is put in order whatever happens.
            let received = tokio::spawn(form.receive(payload)).await;
            let job = received.map_err(|_| internal())??;
            answer(&shared, &asker, &job, new.as_ref()).await
        }
        _ => {
            payload.pass_over();
            Err(Refusal::new(
                "media_type",
                "an order is application/json or multipart/form-data",
                "curl -F operation=compress -F file=@a.mp4 sends a form",
            ))
        }
    }
}

async fn from_upload(shared: &Arc<Shared>, asker: &Asker, new: NewJob) -> Result<Job, Refusal> {
    let unknown = || Refusal::from(Fault::unknown_upload());
    let id = TaskId::parse(&new.upload).ok_or_else(unknown)?;
    let asker = asker.clone();
    let made = blocking(&shared.services, move |s| {
        let standing = s.uploads.look(&asker, &id)?;
        let note = Note::of(&standing.order);
        let order = order::make(&new.operation, &new.options, &note)?;
        s.uploads.make(&asker, &id, &order)
    });
    Ok(made.await?)
}

async fn answer(
    shared: &Arc<Shared>,
    asker: &Asker,
    job: &Job,
    new: Option<&Welcome>,
) -> Result<Response, Refusal> {
    let (asker, id) = (asker.clone(), job.id.clone());
    let view = blocking(&shared.services, move |s| s.tasks.view(&asker, &id)).await?;
    let created = Created {
        job: JobBody::of(&view),
        token: new.map(|new| new.token.clone()),
    };
    let place = format!("/api/jobs/{}", job.id);
    let mut response = (StatusCode::CREATED, Json(created)).into_response();
    let headers = response.headers_mut();
    let place = HeaderValue::try_from(place).expect("an id has letters and digits only");
    headers.insert(header::LOCATION, place);
    welcome(headers, new);
    Ok(response)
}

/// A form while it is received.
struct Form {
    shared: Arc<Shared>,
    asker: Asker,
    client: String,
    splitter: Result<Splitter, super::multipart::Malformed>,
    /// Bytes of the whole body.
    bound: Option<u64>,
}

/// What has been read of a form.
#[derive(Default)]
struct Fields {
    operation: Option<String>,
    options: Map<String, Value>,
    /// Options that came as text, for as long as the operation may not be known.
    texts: Vec<(String, String)>,
    note: Note,
    file: Option<Box<Receiving>>,
    count: usize,
    bytes: usize,
}

/// Where the content of the present part goes.
enum Sink {
    Text(String, Vec<u8>),
    File,
}

impl Form {
    async fn receive(mut self, mut payload: Payload) -> Result<Job, Refusal> {
        let mut fields = Fields::default();
        let read = self.read(&mut payload, &mut fields).await;
        let order = read.and_then(|()| Ok(fields.order()?));
        let services = &self.shared.services;
        match (order, fields.file.take()) {
            (Ok(order), Some(receiving)) => {
                let made = blocking(services, move |s| s.uploads.end_here(*receiving, &order));
                Ok(made.await?)
            }
            (Ok(_), None) => Err(Refusal::new(
                "empty_file",
                "there is no file in the form",
                "send the video as the field \"file\": curl -F file=@a.mp4",
            )),
            (Err(broken), receiving) => {
                if let Some(receiving) = receiving {
                    // Nobody can go on with it.
                    let _ = blocking(services, move |s| s.uploads.break_off(*receiving)).await;
                }
                if matches!(broken, Broken::Refused(_)) {
                    payload.pass_over();
                }
                Err(broken.into())
            }
        }
    }

    async fn read(&mut self, payload: &mut Payload, fields: &mut Fields) -> Result<(), Broken> {
        let mut splitter = match std::mem::replace(
            &mut self.splitter,
            Err(super::multipart::Malformed::NoBoundary),
        ) {
            Ok(splitter) => splitter,
            Err(malformed) => return Err(bad_form(&malformed.to_string()).into()),
        };
        let mut intake = Intake::new(&self.shared.services, &self.shared.stopping, true);
        let (mut sink, mut passed) = (None, 0u64);
        loop {
            while let Some(event) = splitter.next().map_err(|m| bad_form(&m.to_string()))? {
                match event {
                    Event::Part(part) => {
                        let before = passed - splitter.waiting();
                        sink = Some(self.begin(part, fields, before).await?);
                    }
                    Event::Content(bytes) => match &mut sink {
                        Some(Sink::Text(_, text)) => fields.extend(text, &bytes)?,
                        Some(Sink::File) => {
                            let Some(receiving) = fields.file.take() else {
                                continue;
                            };
                            let done = intake.write(payload, receiving, &bytes).await;
                            fields.file = Some(done.0);
                            done.1?;
                        }
                        None => {}
                    },
                    Event::PartEnd => {
                        if let Some(Sink::Text(name, text)) = sink.take() {
                            fields.add(&name, text)?;
                        }
                    }
                    Event::End => return Ok(()),
                }
            }
            let piece = match &fields.file {
                Some(receiving) => intake.next(payload, receiving).await?,
                None => payload.next().await?,
            };
            let Some(piece) = piece else {
                return Err(Broken::Gone);
            };
            passed += piece.len() as u64;
            splitter.feed(&piece);
        }
    }

    async fn begin(&self, part: Part, fields: &mut Fields, passed: u64) -> Result<Sink, Broken> {
        fields.count += 1;
        if fields.count > FIELDS {
            return Err(bad_form("it has too many fields").into());
        }
        if part.file_name.is_none() && part.name != "file" {
            return Ok(Sink::Text(part.name, Vec::new()));
        }
        if fields.file.is_some() {
            return Err(bad_form("it brings more than one file").into());
        }
        if fields.operation.is_some() {
            // Better now than after the whole file; options that come behind it are checked then.
            fields.check()?;
        }
        fields.note = Note::named(part.file_name.as_deref());
        let Some(bound) = self.bound else {
            return Err(Fault::new(
                "length_required",
                "the request does not say how long it is",
                "send a Content-Length, or upload to /files/",
            )
            .into());
        };
        // More than the file by the last boundary, and by what may follow; made right at the end.
        let offer = Offer {
            order: fields.note.to_json(),
            client: self.client.clone(),
            asker: self.asker.clone(),
            key: None,
            length: bound.saturating_sub(passed),
            offset: 0,
            digest: None,
            confirm: false,
        };
        let begun = blocking(&self.shared.services, move |s| s.uploads.begin(&offer)).await?;
        if let Begin::Receive(receiving) = begun {
            fields.file = Some(receiving);
        }
        Ok(Sink::File)
    }
}

impl Fields {
    /// More of a text field. What all of them may hold together is bounded, for it is held in memory.
    fn extend(&mut self, text: &mut Vec<u8>, bytes: &[u8]) -> Result<(), Fault> {
        self.bytes += bytes.len();
        if self.bytes > FIELD_BYTES {
            return Err(bad_form("its fields are too long"));
        }
        text.extend_from_slice(bytes);
        Ok(())
    }

    fn add(&mut self, name: &str, text: Vec<u8>) -> Result<(), Fault> {
        let text = String::from_utf8(text).map_err(|_| bad_form("a field is not UTF-8"))?;
        match name {
            "operation" => self.operation = Some(text.trim().to_owned()),
            "options" => {
                let options: Map<String, Value> = serde_json::from_str(&text)
                    .map_err(|_| bad_form("the field options is not a JSON object"))?;
                self.options.extend(options);
            }
            _ => self.texts.push((name.to_owned(), text)),
        }
        Ok(())
    }

    fn order(&self) -> Result<kinora_jobs::Order, Fault> {
        let Some(operation) = &self.operation else {
            return Err(Fault::new(
                "bad_form",
                "the form does not say what to do",
                "add a field: curl -F operation=compress",
            ));
        };
        let mut options = self.options.clone();
        for (name, text) in &self.texts {
            options.insert(name.clone(), order::option(operation, name, text));
        }
        order::make(operation, &options, &self.note)
    }

    fn check(&self) -> Result<(), Fault> {
        self.order().map(drop)
    }
}

fn bad_form(what: &str) -> Fault {
    Fault::new(
        "bad_form",
        format!("the form cannot be read: {what}"),
        "curl -F operation=compress -F file=@a.mp4 sends one that can",
    )
}

fn internal() -> Refusal {
    Refusal::new(
        "internal",
        "the server failed",
        "try again; the operator finds more in the log",
    )
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn length(headers: &HeaderMap) -> Option<u64> {
    text(headers, "content-length")?.parse().ok()
}

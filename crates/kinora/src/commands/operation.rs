//! `kinora compress|resize|aspect|audio|gif|webm|convert FILE…`

use super::context::{Context, timing};
use super::delivery::{Delivery, Programs};
use super::shown::Result as Shown;
use super::{batch, local};
use crate::cli::operations::Order;
use crate::exit::Exit;
use crate::inputs;
use crate::journal::{Entry, Journal};
use crate::naming::Word;
use crate::output::{Input, Leftovers, Output, Place, Target};
use crate::progress::{Display, FileProgress};
use crate::report::{Failure, Outcome};
use crate::signals;
use kinora_client::{Address, Cancel, Delivered, Event, Fault, Observer, Security, Session, Token};
use kinora_media::operation::Operation;

/// What all files of one command share.
struct Run<'a> {
    order: &'a Order,
    operation: Operation,
    word: Word,
    target: Target,
    server: Address,
    token: Option<Token>,
    security: Security,
    several: bool,
    cancel: Cancel,
    leftovers: Leftovers,
    display: Display,
    delivery: Delivery<'a>,
    journal: &'a Journal,
}

/// Checks everything that can be checked here, then works on all files.
///
/// # Errors
/// What is wrong before the first file is begun; failures of single files have been reported.
pub(crate) fn run(order: &Order, context: &Context) -> Result<Exit, Failure> {
    let operation = order.operation()?;
    let word = Word::of(order.name);
    let paths = inputs::expand(&order.common.files, word)?;
    let several = paths.len() > 1;
    let target = Target::of(order.common.output.as_deref(), several)?;
    let inputs = target.tell_apart(paths)?;
    let connection = &order.common.connection;
    let server = context.server(connection.server.as_ref())?;
    let run = Run {
        target,
        token: context.token(&connection.credential, &server)?,
        security: context.security(&connection.credential),
        server,
        cancel: Cancel::new(),
        leftovers: Leftovers::default(),
        display: Display::new(context.global.json, context.global.quiet),
        delivery: Delivery {
            form: order.report,
            force: order.common.force,
            programs: Programs::new(context, order.common.settings.clone()),
        },
        journal: &context.journal,
        order,
        operation,
        word,
        several,
    };
    signals::listen(run.cancel.clone(), run.leftovers.clone()).map_err(|error| {
        Failure::new(
            Exit::Internal,
            "no_signals",
            format!("cannot listen to signals: {error}"),
            "",
        )
    })?;
    let outcomes = match order.common.local {
        true => {
            let engine = local::Engine::find(&order.common.settings, context)?;
            // One FFmpeg uses all cores by itself.
            batch::each(&inputs, 1, |input| {
                run.report(input, run.work_here(input, &engine))
            })
        }
        false => {
            let threads = order.common.parallel.into();
            batch::each(&inputs, threads, |input| run.report(input, run.send(input)))
        }
    };
    Ok(batch::exit(&outcomes))
}

impl Run<'_> {
    fn send(&self, input: &Input) -> Outcome {
        let mut output = self.output(input)?;
        let connection = &self.order.common.connection;
        let (server, timing) = (self.server.clone(), timing(connection));
        let session = Session::new(server, timing, self.cancel.clone());
        let mut session = session
            .with_token(self.token.clone())
            .with_security(self.security.clone())
            .with_keeping(self.order.common.keep.then(|| name(input)));
        let mut watcher = Watcher {
            progress: self.display.file(&name(input)),
            run: self,
            input,
        };
        let done = session.run(&self.operation, &input.path, &mut output, &mut watcher);
        drop(watcher);
        let delivered = done.inspect_err(|fault| self.forget_ended(fault))?;
        self.journal.remove(&delivered.task_id);
        self.show(input, &output, &delivered)
    }

    fn work_here(&self, input: &Input, engine: &local::Engine) -> Outcome {
        if self.cancel.is_set() {
            return Err(Failure::new(
                Exit::Interrupted,
                "interrupted",
                "interrupted",
                "",
            ));
        }
        let mut output = self.output(input)?;
        let progress = self.display.file(&name(input));
        let made = engine.run(
            &self.operation,
            &input.path,
            &mut output,
            progress,
            &self.cancel,
            &self.leftovers,
        )?;
        let shown = Shown {
            input: &input.path,
            output: output.path(),
            task_id: None,
            size: made.size,
            original_size: Some(made.original_size),
            kept_original: made.kept_original,
            digest: None,
            kept_as: None,
            notes: &made.notes,
            report: made.report.as_deref(),
        };
        self.delivery.show(&self.display, &shown)
    }

    fn output(&self, input: &Input) -> Outcome<Output> {
        let place = Place {
            target: self.target.clone(),
            input: input.clone(),
            word: self.word,
        };
        self.delivery.check(&place)?;
        let output = Output::new(place, self.order.common.force, self.leftovers.clone());
        let own = || Some(input.path.extension()?.to_str()?.to_owned());
        output.check(self.order.expected_extension().or_else(own).as_deref())?;
        Ok(output)
    }

    fn show(&self, input: &Input, output: &Output, delivered: &Delivered) -> Outcome {
        let shown = Shown {
            input: &input.path,
            output: output.path(),
            task_id: Some(&delivered.task_id),
            size: delivered.size,
            original_size: delivered.original_size,
            kept_original: delivered.kept_original,
            digest: delivered.digest.as_deref(),
            kept_as: delivered.kept_as.as_deref(),
            notes: &delivered.notes,
            report: delivered.report.as_deref(),
        };
        self.delivery.show(&self.display, &shown)
    }

    /// The journal keeps what can still be fetched, and nothing else.
    fn forget_ended(&self, fault: &Fault) {
        if let Fault::Interrupted {
            task_id: Some(id),
            cancelled: true,
        } = fault
        {
            self.journal.remove(id);
        }
    }

    /// Says what failed, with the file's name where there are several.
    fn report(&self, input: &Input, outcome: Outcome) -> Outcome {
        outcome.map_err(|failure| {
            let failure = if self.several {
                failure.about(&name(input))
            } else {
                failure
            };
            self.display.failure(&failure);
            failure
        })
    }
}

/// Shows the progress, and writes the job down as soon as it is one.
struct Watcher<'a> {
    progress: FileProgress,
    run: &'a Run<'a>,
    input: &'a Input,
}

impl Observer for Watcher<'_> {
    fn event(&mut self, event: &Event<'_>) {
        match event {
            Event::Accepted { task_id } => {
                let common = &self.run.order.common;
                let server = self.run.server.to_string();
                let entry = Entry::new(
                    task_id,
                    &server,
                    self.run.order.name,
                    &self.input.path,
                    common.output.as_deref(),
                );
                if let Err(error) = self.run.journal.add(&entry) {
                    let text =
                        format!("job {task_id} cannot be written down for `kinora jobs`: {error}");
                    self.run.display.warning(&text);
                }
            }
            // A job that has ended without a result cannot be fetched.
            Event::State(state) if state.is_final() && state.status != "completed" => {
                self.run.journal.remove(&state.task_id);
            }
            _ => {}
        }
        self.progress.event(event);
    }
}

fn name(input: &Input) -> String {
    input
        .path
        .file_name()
        .map_or_else(
            || input.path.to_string_lossy(),
            |name| name.to_string_lossy(),
        )
        .into_owned()
}

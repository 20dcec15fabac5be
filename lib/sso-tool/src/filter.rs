//! The filter that every stage of a pipe is: documents in, each with whom it is about, and documents out.

use crate::document::Document;
use crate::exit::Exit;
use crate::stream::Output;
use crate::subject::Subject;

/// What a stage did with a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handled {
    /// Nothing: the document goes on as it is, and says nothing about the status.
    PassedOn,
    /// The document is answered, and goes on with the keys that the stage set. The status is this answer's.
    Answered(Exit),
    /// The stage wrote its answer itself (another format than documents, several documents, or none).
    Written(Exit),
    /// The same, and the rest of the stream isn't handled: the stage was told to end.
    Ended(Exit),
}

/// Hands each document to `stage` with whom it is about, and writes it again as the stage says.
///
/// The status is 0 once each document was handled. With `is_status_wanted` (`-e`) it is 0 only if every answer is good,
/// else that of the first one that isn't; an earlier stage's failure counts as an answer.
pub fn filter(
    documents: impl Iterator<Item = anyhow::Result<Document>>,
    is_status_wanted: bool,
    output: &mut Output,
    mut stage: impl FnMut(Subject, &mut Document, &mut Output) -> anyhow::Result<Handled>,
) -> anyhow::Result<Exit> {
    let mut status = Exit::Done;
    for document in documents {
        let mut document = document?;
        let subject = Subject::of(&document)?;
        let earlier = match &subject {
            Subject::Failure(kind) => kind.exit(),
            _ => Exit::Done,
        };
        let (is_written, exit) = match stage(subject, &mut document, output)? {
            Handled::PassedOn => (false, earlier),
            Handled::Answered(exit) => (false, exit),
            Handled::Written(exit) => (true, exit),
            Handled::Ended(exit) => return Ok(exit),
        };
        if !is_written {
            output.document(&document)?;
        }
        if status == Exit::Done {
            status = exit;
        }
    }
    output.end()?;
    Ok(if is_status_wanted { status } else { Exit::Done })
}

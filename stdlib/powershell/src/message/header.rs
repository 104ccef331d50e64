//! A message: whom it is for, what it is, which pool and pipeline, and its CLIXML.

use uuid::Uuid;

/// One whole message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    pub destination: Destination,
    pub kind: MessageKind,
    /// Servers leave it nil in their first message.
    pub pool: Uuid,
    /// `None` for what concerns the pool.
    pub pipeline: Option<Uuid>,
    /// CLIXML in UTF-8, without a byte order mark; empty for some kinds.
    pub data: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Destination {
    Client,
    Server,
}

/// The kinds of messages by their names in the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageKind {
    SessionCapability,
    InitRunspacePool,
    PublicKey,
    EncryptedSessionKey,
    PublicKeyRequest,
    ConnectRunspacePool,
    SetMaxRunspaces,
    SetMinRunspaces,
    RunspaceAvailability,
    RunspacePoolState,
    CreatePipeline,
    GetAvailableRunspaces,
    UserEvent,
    ApplicationPrivateData,
    GetCommandMetadata,
    RunspacePoolInitData,
    ResetRunspaceState,
    RunspacePoolHostCall,
    RunspacePoolHostResponse,
    PipelineInput,
    EndOfPipelineInput,
    PipelineOutput,
    ErrorRecord,
    PipelineState,
    DebugRecord,
    VerboseRecord,
    WarningRecord,
    ProgressRecord,
    InformationRecord,
    PipelineHostCall,
    PipelineHostResponse,
    /// A kind of a later version of the protocol.
    Unknown(u32),
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    #[error("read a remoting message: {length} bytes are fewer than its header")]
    Short { length: usize },
    #[error("read a remoting message: destination {0} is neither client nor server")]
    Destination(u32),
}

impl Message {
    pub fn read(bytes: &[u8]) -> Result<Message, MessageError> {
        let short = || MessageError::Short { length: bytes.len() };
        let (destination, rest) = bytes.split_first_chunk::<4>().ok_or_else(short)?;
        let (kind, rest) = rest.split_first_chunk::<4>().ok_or_else(short)?;
        let (pool, rest) = rest.split_first_chunk::<16>().ok_or_else(short)?;
        let (pipeline, data) = rest.split_first_chunk::<16>().ok_or_else(short)?;
        let destination = match u32::from_le_bytes(*destination) {
            1 => Destination::Client,
            2 => Destination::Server,
            other => return Err(MessageError::Destination(other)),
        };
        let pipeline = Uuid::from_bytes_le(*pipeline);
        Ok(Message {
            destination,
            kind: MessageKind::from_number(u32::from_le_bytes(*kind)),
            pool: Uuid::from_bytes_le(*pool),
            pipeline: (!pipeline.is_nil()).then_some(pipeline),
            data: unmarked(data).to_vec(),
        })
    }

    pub fn write(&self) -> Vec<u8> {
        let destination: u32 = match self.destination {
            Destination::Client => 1,
            Destination::Server => 2,
        };
        let mut bytes = Vec::with_capacity(40 + self.data.len());
        bytes.extend_from_slice(&destination.to_le_bytes());
        bytes.extend_from_slice(&self.kind.number().to_le_bytes());
        bytes.extend_from_slice(&self.pool.to_bytes_le());
        bytes.extend_from_slice(&self.pipeline.unwrap_or_default().to_bytes_le());
        bytes.extend_from_slice(&self.data);
        bytes
    }
}

/// Without byte order marks, however many there are: what is written must be read as the same again.
fn unmarked(mut data: &[u8]) -> &[u8] {
    while let Some(rest) = data.strip_prefix("\u{feff}".as_bytes()) {
        data = rest;
    }
    data
}

/// MS-PSRP 2.2.1, field MessageType.
const NUMBERS: [(MessageKind, u32); 31] = [
    (MessageKind::SessionCapability, 0x0001_0002),
    (MessageKind::InitRunspacePool, 0x0001_0004),
    (MessageKind::PublicKey, 0x0001_0005),
    (MessageKind::EncryptedSessionKey, 0x0001_0006),
    (MessageKind::PublicKeyRequest, 0x0001_0007),
    (MessageKind::ConnectRunspacePool, 0x0001_0008),
    (MessageKind::SetMaxRunspaces, 0x0002_1002),
    (MessageKind::SetMinRunspaces, 0x0002_1003),
    (MessageKind::RunspaceAvailability, 0x0002_1004),
    (MessageKind::RunspacePoolState, 0x0002_1005),
    (MessageKind::CreatePipeline, 0x0002_1006),
    (MessageKind::GetAvailableRunspaces, 0x0002_1007),
    (MessageKind::UserEvent, 0x0002_1008),
    (MessageKind::ApplicationPrivateData, 0x0002_1009),
    (MessageKind::GetCommandMetadata, 0x0002_100A),
    (MessageKind::RunspacePoolInitData, 0x0002_100B),
    (MessageKind::ResetRunspaceState, 0x0002_100C),
    (MessageKind::RunspacePoolHostCall, 0x0002_1100),
    (MessageKind::RunspacePoolHostResponse, 0x0002_1101),
    (MessageKind::PipelineInput, 0x0004_1002),
    (MessageKind::EndOfPipelineInput, 0x0004_1003),
    (MessageKind::PipelineOutput, 0x0004_1004),
    (MessageKind::ErrorRecord, 0x0004_1005),
    (MessageKind::PipelineState, 0x0004_1006),
    (MessageKind::DebugRecord, 0x0004_1007),
    (MessageKind::VerboseRecord, 0x0004_1008),
    (MessageKind::WarningRecord, 0x0004_1009),
    (MessageKind::ProgressRecord, 0x0004_1010),
    (MessageKind::InformationRecord, 0x0004_1011),
    (MessageKind::PipelineHostCall, 0x0004_1100),
    (MessageKind::PipelineHostResponse, 0x0004_1101),
];

impl MessageKind {
    pub fn number(self) -> u32 {
        if let MessageKind::Unknown(number) = self {
            return number;
        }
        NUMBERS
            .iter()
            .find(|(kind, _)| *kind == self)
            .map(|(_, number)| *number)
            .expect("every kind but Unknown is in the table")
    }

    pub fn from_number(number: u32) -> MessageKind {
        NUMBERS.iter().find(|(_, own)| *own == number).map_or(MessageKind::Unknown(number), |(kind, _)| *kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_as_the_protocol_lays_it_out() {
        let message = Message {
            destination: Destination::Server,
            kind: MessageKind::CreatePipeline,
            pool: Uuid::from_u128(0x00112233_4455_6677_8899_aabbccddeeff),
            pipeline: None,
            data: b"<S>x</S>".to_vec(),
        };
        let bytes = message.write();
        assert_eq!(&bytes[..8], [2, 0, 0, 0, 6, 0x10, 2, 0]);
        assert_eq!(
            &bytes[8..16],
            [0x33, 0x22, 0x11, 0x00, 0x55, 0x44, 0x77, 0x66],
            "little-endian in its first parts"
        );
        assert_eq!(&bytes[24..40], [0; 16]);
        assert_eq!(Message::read(&bytes), Ok(message));
    }

    #[test]
    fn every_number_names_one_kind() {
        for (kind, number) in NUMBERS {
            assert_eq!((kind.number(), MessageKind::from_number(number)), (number, kind));
        }
        assert_eq!(MessageKind::from_number(7).number(), 7);
    }

    #[test]
    fn what_is_no_message() {
        assert_eq!(Message::read(&[1; 39]), Err(MessageError::Short { length: 39 }));
        assert_eq!(Message::read(&[9; 40]), Err(MessageError::Destination(0x0909_0909)));
        let mut marked = vec![1, 0, 0, 0];
        marked.resize(40, 0);
        marked.extend_from_slice("\u{feff}\u{feff}<Nil/>".as_bytes());
        assert_eq!(Message::read(&marked).map(|message| message.data), Ok(b"<Nil/>".to_vec()));
    }
}

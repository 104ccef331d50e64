//! Every error code footbridge can print, once: its text, and the title of its page under `docs/errors/`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

macro_rules! codes {
    ($($text:literal $name:ident $title:literal;)+) => {
        /// A stable error code. `footbridge explain CODE` shows its page.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code { $($name),+ }

        impl Code {
            pub const ALL: &[Code] = &[$(Code::$name),+];

            /// As printed and as the page is named: `FB` and four digits.
            pub fn as_str(self) -> &'static str {
                match self { $(Code::$name => $text),+ }
            }

            pub fn title(self) -> &'static str {
                match self { $(Code::$name => $title),+ }
            }
        }
    };
}

codes! {
    "FB0101" ManifestSyntax "the manifest is not TOML";
    "FB0102" ManifestKey "a key that the manifest does not know";
    "FB0103" ManifestValue "a manifest value of the wrong kind";
    "FB0104" ManifestCycle "steps that need each other in a circle";
    "FB0105" ManifestNeeds "a step needs a step that does not exist";
    "FB0106" ManifestStep "a step and its script do not match";
    "FB0107" ManifestExpression "an expression in the manifest is wrong";
    "FB0108" ManifestReserved "a word that is reserved for later";
    "FB0109" WorkflowUnknown "no workflow of that name";
    "FB0110" ParameterUnknown "no parameter of that name";
    "FB0111" ParameterValue "a parameter of the wrong kind";
    "FB0112" ParameterMissing "a required parameter is missing";
    "FB0113" Layer "a layer cannot be used";
    "FB0114" Case "a case file is wrong";
    "FB0115" Functions "the declaration of own functions is wrong";
    "FB0201" ScriptSyntax "a script does not compile";
    "FB0202" ScriptRule "a script breaks a rule of the step contract";
    "FB0203" ScriptError "a script failed";
    "FB0204" ScriptLimit "a script was stopped at a limit";
    "FB0205" ScriptResult "a phase gave back the wrong shape";
    "FB0301" PlanConflict "the plan has a conflict";
    "FB0302" PlanStale "the world moved since the plan was approved";
    "FB0303" WriteRefused "a write where none is allowed";
    "FB0304" Argument "a host function was given a wrong argument";
    "FB0305" FunctionUnknown "no host function of that name";
    "FB0306" CannotTell "looked, and cannot tell";
    "FB0401" RunUnknown "no run of that name";
    "FB0402" RunState "the run's state does not allow that";
    "FB0403" VerifyFailed "the world is not as it should be";
    "FB0404" Deadline "the deadline of a step passed";
    "FB0405" Timeout "a phase took too long";
    "FB0406" InDoubt "a write whose answer was lost";
    "FB0407" UndoConflict "someone changed the object since";
    "FB0408" Stuck "an undo could not be finished";
    "FB0409" Approval "that approval is not accepted";
    "FB0410" Aborted "a person gave the change up";
    "FB0411" Internal "footbridge itself is wrong here";
    "FB0412" Cancelled "the run was cancelled";
    "FB0413" StepState "the step's state does not allow that";
    "FB0414" Vouched "a step that is vouched for gives no outputs";
    "FB0415" UndoNeeded "what stays needs what would be taken back";
    "FB0416" UndoPolicy "the workflow does not let a conflict be overruled";
    "FB0417" Repin "the run cannot go on with that workflow";
    "FB0418" WantedAgain "a change that stands is wanted again, differently";
    "FB0501" StoreHeld "the store is held by another process";
    "FB0502" StoreCorrupt "the store is damaged";
    "FB0503" StoreNewer "the store was written by a newer footbridge";
    "FB0504" StoreForeign "the folder is not a footbridge store";
    "FB0505" StoreIo "the store cannot be read or written";
    "FB0506" HistoryBroken "a run's history does not hold together";
    "FB0507" ExportFile "an export cannot be used";
    "FB0508" RunDiffers "the run is here already and differs";
    "FB0601" ExchangeTransient "Exchange could not answer just now";
    "FB0602" ExchangeInDoubt "Exchange's answer to a write was lost";
    "FB0603" ExchangeExists "the Exchange object exists already";
    "FB0604" ExchangeNotFound "no such Exchange object";
    "FB0605" ExchangeDenied "Exchange does not allow that";
    "FB0606" ExchangeInvalid "Exchange refused the request";
    "FB0607" ExchangeDomainController "the pinned domain controller is gone";
    "FB0608" ExchangeConnection "Exchange could not be reached";
    "FB0609" ExchangeSignIn "Exchange refused the sign-in";
    "FB0610" ExchangeProtocol "what answered does not speak PowerShell remoting";
    "FB0701" GraphTransient "Microsoft Graph could not answer just now";
    "FB0702" GraphInDoubt "Microsoft Graph's answer to a write was lost";
    "FB0703" GraphNotFound "no such object in the tenant";
    "FB0704" GraphDenied "Microsoft Graph does not allow that";
    "FB0705" GraphInvalid "Microsoft Graph refused the request";
    "FB0706" GraphConflict "the tenant's object moved in between";
    "FB0707" TenantMismatch "the token is for another tenant";
    "FB0708" KeyNotKept "an existing key could not be kept";
    "FB0709" SignIn "signing in failed";
    "FB0710" GraphConnection "Microsoft Graph could not be reached";
    "FB0711" GraphPaging "a list that leads in a circle or elsewhere";
    "FB0801" Certificate "that is not the certificate it should be";
    "FB0802" Challenge "the authentication challenge could not be read";
    "FB0803" FileWrite "a file could not be written";
    "FB0804" Trace "a trace could not be read";
    "FB0805" EvidenceFile "an evidence file could not be read";
    "FB0806" EvidenceAltered "an evidence file was altered";
    "FB0807" SigningKey "a signing key could not be used";
    "FB0901" TargetUnknown "no target of that name";
    "FB0902" Simulator "the simulator could not be used";
    "FB0903" TargetFile "a target file is wrong";
    "FB0904" Secret "a secret could not be read";
    "FB0905" SecretFound "a secret was found where none may be";
    "FB0951" Settings "a setting or argument is wrong";
    "FB0952" Interrupted "stopped by the person at the keyboard";
    "FB0953" Holder "the process that holds the store does not answer";
    "FB0954" Access "the HTTP API does not allow that";
    "FB0955" Listen "the HTTP API cannot listen there";
    "FB1001" OwnProgram "a program of your own does not work";
    "FB1002" OwnFunction "a function of your own failed";
    "FB1003" OwnInDoubt "a program's answer to a write was lost";
    "FB1004" OwnProgramChanged "a program is not the one that was pinned";
}

impl fmt::Display for Code {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.as_str())
    }
}

impl FromStr for Code {
    type Err = crate::ids::BadId;

    fn from_str(text: &str) -> Result<Code, Self::Err> {
        Code::ALL
            .iter()
            .copied()
            .find(|code| code.as_str().eq_ignore_ascii_case(text))
            .ok_or_else(|| crate::ids::BadId { what: "error code", text: text.to_owned() })
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Code {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Code, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_found_again() {
        for code in Code::ALL {
            assert_eq!(code.as_str().parse(), Ok(*code));
        }
    }
}

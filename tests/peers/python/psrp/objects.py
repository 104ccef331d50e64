"""From JSON to the objects that PowerShell remoting carries, in the shapes that Exchange gives them."""

import base64
import datetime
import enum
import uuid
import zlib

from psrpcore.types import (
    ErrorCategory,
    ErrorCategoryInfo,
    ErrorRecord,
    NETException,
    PSByteArray,
    PSDateTime,
    PSInt,
    PSInt64,
    PSList,
    PSNoteProperty,
    PSObject,
)

# Properties that are enumerations, with the type and the numbers that are known; a number that is not known is made up,
# but always the same.
ENUMERATIONS = {
    "RecipientType": ("Microsoft.Exchange.Data.Directory.Recipient.RecipientType", {"User": 1, "UserMailbox": 1, "MailUser": 3}),
    "RecipientTypeDetails": (
        "Microsoft.Exchange.Data.Directory.Recipient.RecipientTypeDetails",
        {"UserMailbox": 1, "LinkedMailbox": 2, "MailUser": 128, "User": 65536, "LinkedUser": 33554432},
    ),
    "AccountType": ("Microsoft.Exchange.Data.Directory.SystemConfiguration.SecurityPrincipalType", {"OrganizationalAccount": 0, "ConsumerAccount": 1}),
    "RoleType": ("Microsoft.Exchange.Data.Directory.SystemConfiguration.RoleType", {}),
    "RoleAssigneeType": ("Microsoft.Exchange.Data.Directory.SystemConfiguration.RoleAssigneeType", {"User": 0, "RoleGroup": 10}),
    "RoleAssignmentDelegationType": ("Microsoft.Exchange.Data.Directory.SystemConfiguration.RoleAssignmentDelegationType", {}),
    "ResultType": ("Microsoft.Exchange.Data.ResultType", {"Success": 0, "Error": 1}),
    "Type": ("Microsoft.Exchange.Data.Directory.Management.KindOf", {}),
    "ObjectState": ("Microsoft.Exchange.Data.ObjectState", {"New": 0, "Unchanged": 1, "Changed": 2, "Deleted": 3}),
}

GERMAN = "Der Vorgang konnte nicht ausgef\u00fchrt werden: \u00fcberpr\u00fcfen Sie die Eingabe (\u201e\u00c4\u00d6\u00dc\u00df\u201c)."


def of_reply(reply, cmdlet, options):
    """One object of a cmdlet's output."""
    if not isinstance(reply, dict) or reply.keys() & {"$bytes", "$list", "$type"}:
        return value(reply, None, options)
    noun = cmdlet.split("-", 1)[-1]
    types = ["Microsoft.Exchange.Data.Directory.Management." + noun, "System.Object"]
    return complex_object(reply, types, options)


def value(json, name, options):
    if json is None:
        return None
    if isinstance(json, bool):
        return str(json) if options.get("text_booleans") else json
    if isinstance(json, int):
        return PSInt(json) if -(2**31) <= json < 2**31 else PSInt64(json)
    if isinstance(json, float):
        return json
    if isinstance(json, str):
        return text(json, name)
    if isinstance(json, list):
        return PSList([value(item, None, options) for item in json])
    if "$bytes" in json:
        return PSByteArray(base64.b64decode(json["$bytes"]))
    if "ToString" in json:
        identity = complex_object(
            {key: item for key, item in json.items() if key != "ToString"},
            ["Microsoft.Exchange.Data.Directory.ADObjectId", "Microsoft.Exchange.Data.ObjectId", "System.Object"],
            options,
        )
        identity.PSObject.to_string = json["ToString"]
        return identity
    types = json.get("$type", ["System.Management.Automation.PSCustomObject", "System.Object"])
    return complex_object({key: item for key, item in json.items() if key != "$type"}, types, options)


def complex_object(properties, types, options):
    made = PSObject()
    if options.get("deserialized"):
        types = ["Deserialized." + one for one in types]
    made.PSObject.type_names = types
    # Exchange's own properties are adapted ones.
    made.PSObject.adapted_properties = [
        PSNoteProperty(key, value=value(item, key, options)) for key, item in properties.items()
    ]
    return made


def text(plain, name):
    if name in ENUMERATIONS and plain:
        kind, numbers = ENUMERATIONS[name]
        number = numbers.get(plain, zlib.crc32(plain.encode()) & 0xFFFF)
        module, _, short = kind.rpartition(".")
        return enum.Enum(short, {plain: PSInt(number)}, module=module)[plain]
    if name == "RawData":
        return PSByteArray(base64.b64decode(plain))
    if name is not None and name.endswith("Guid"):
        try:
            return uuid.UUID(plain)
        except ValueError:
            return plain
    if name is not None and name.startswith("When"):
        try:
            moment = datetime.datetime.fromisoformat(plain.replace("Z", "+00:00"))
        except ValueError:
            return plain
        return PSDateTime(
            moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second, tzinfo=moment.tzinfo
        )
    return plain


class Record(ErrorRecord):
    """An error record whose category may be a number that PowerShell does not know, as Exchange's are."""

    @classmethod
    def ToPSObjectForRemoting(cls, instance, **kwargs):
        made = super().ToPSObjectForRemoting(instance, **kwargs)
        number = getattr(instance, "category_number", None)
        if number is not None:
            for note in made.PSObject.extended_properties:
                if note.name == "ErrorCategory_Category":
                    note.set_value(PSInt(number), made)
        return made


def record(error, options):
    """`{"types": […], "id", "category", "reason", "activity", "target", "target_type", "message"}` as a record."""
    message = GERMAN if options.get("german") else error.get("message", "")
    exception = NETException(Message=message, HResult=-2146233087)
    types = error.get("types") or ["System.Exception"]
    tail = [one for one in ("System.Exception", "System.Object") if one not in types]
    exception.PSObject.type_names = ["Deserialized." + one for one in types + tail] if options.get("deserialized") else types + tail
    number = error.get("category", 0)
    known = number in {member.value for member in ErrorCategory}
    category = ErrorCategoryInfo(
        Category=ErrorCategory(number) if known else ErrorCategory.NotSpecified,
        Activity=error.get("activity"),
        Reason=error.get("reason") or types[0].rpartition(".")[2],
        TargetName=error.get("target"),
        TargetType=error.get("target_type", "String"),
    )
    made = Record(
        Exception=exception,
        CategoryInfo=category,
        TargetObject=error.get("target"),
        FullyQualifiedErrorId=error.get("id", ""),
    )
    if not known:
        made.category_number = number
    return made


def plain(given):
    """A parameter's value as JSON, and the name of what came over the wire."""
    if given is None:
        return None, "nil"
    if isinstance(given, bool):
        return given, "bool"
    if isinstance(given, (bytes, bytearray)):
        return {"$bytes": base64.b64encode(bytes(given)).decode()}, "bytes"
    if isinstance(given, enum.Enum):
        return given.name, "enum"
    if isinstance(given, uuid.UUID):
        return str(given), "guid"
    if isinstance(given, int):
        return int(given), "int"
    if isinstance(given, float):
        return float(given), "float"
    if isinstance(given, str):
        return str(given), "text"
    if isinstance(given, list):
        return [plain(item)[0] for item in given], "list"
    if isinstance(given, dict):
        return {str(key): plain(item)[0] for key, item in given.items()}, "dictionary"
    if isinstance(given, datetime.datetime):
        return given.isoformat(), "date"
    return str(given), type(given).__name__

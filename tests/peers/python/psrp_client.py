"""Another client of PowerShell remoting, pypsrp's, speaks to our endpoint: what it sees, as one JSON document.

    psrp_client.py PORT USER PASSWORD
"""

import json
import sys

from pypsrp.complex_objects import ComplexObject
from pypsrp.powershell import PowerShell, PSInvocationState, RunspacePool
from pypsrp.wsman import WSMan


def shown(value):
    if isinstance(value, ComplexObject) or hasattr(value, "adapted_properties"):
        properties = {key: shown(one) for key, one in {**value.adapted_properties, **value.extended_properties}.items()}
        return {"text": value.to_string, "types": value.types, "properties": properties}
    if isinstance(value, (list, tuple)):
        return [shown(one) for one in value]
    if isinstance(value, bytes):
        return {"bytes": value.hex()}
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return str(value)


def ran(pool, cmdlet, **parameters):
    shell = PowerShell(pool)
    shell.add_cmdlet(cmdlet)
    for name, given in parameters.items():
        shell.add_parameter(name, given)
    return told(shell)


def told(shell):
    shell.invoke()
    return {
        "completed": shell.state == PSInvocationState.COMPLETED,
        "output": [shown(one) for one in shell.output],
        "errors": [
            {"id": one.fq_error, "category": one.category, "reason": one.reason, "message": str(one)}
            for one in shell.streams.error
        ],
        "warnings": [one.message for one in shell.streams.warning],
    }


def main():
    port, user, password = sys.argv[1:]
    wsman = WSMan(
        "127.0.0.1", port=int(port), username=user, password=password, ssl=False, auth="basic", encryption="never",
        path="PowerShell/",
    )
    seen = {}
    with RunspacePool(wsman, configuration_name="Microsoft.Exchange") as pool:
        seen["plain"] = ran(pool, "Test-Echo", Name="\u00e4 _x0041_ \U0001f309", Switch=True, Number=3, Nothing=None)
        seen["long"] = ran(pool, "Test-Length", Text="x" * 400_000)
        seen["failed"] = ran(pool, "Test-Failed")
        seen["errors"] = ran(pool, "Test-Errors")
        shell = PowerShell(pool)
        shell.add_script("Get-Mailbox | Where-Object { $_.Name }")
        seen["script"] = told(shell)
    wsman.close()
    print(json.dumps(seen))


if __name__ == "__main__":
    main()

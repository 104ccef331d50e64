"""pypsrp, a client that others wrote, on the endpoint behind Kerberos: `kerberos_client.py PORT SCHEME`. Prints JSON."""

import json
import sys

from pypsrp.powershell import PowerShell, RunspacePool
from pypsrp.wsman import WSMan

port, scheme = int(sys.argv[1]), sys.argv[2]
connection = WSMan(
    "localhost", port=port, ssl=False, auth=scheme, path="PowerShell", encryption="always", negotiate_service="HTTP"
)
with connection, RunspacePool(connection, configuration_name="Microsoft.Exchange") as pool:
    shell = PowerShell(pool)
    shell.add_cmdlet("Get-MailUser").add_parameter("Identity", "Zürich" * 500)
    output = shell.invoke()
    print(json.dumps({"failed": shell.had_errors, "names": [one.adapted_properties["Name"] for one in output]}))

"""A Kerberos realm of its own in a folder: MIT's KDC, one person, one web service.

    kdc.py FOLDER

Needs krb5kdc, kdb5_util, kadmin.local and kinit. Prints one line of JSON: the port, and the values for KRB5_CONFIG,
KRB5_KTNAME (the service) and KRB5CCNAME (the person, signed in). Ends when its standard input ends.
"""

import json
import os
import secrets
import socket
import subprocess
import sys
from pathlib import Path

REALM = "CONTOSO.LAB"
PERSON = "admin"
SERVICE = "HTTP/localhost"


def main():
    folder = Path(sys.argv[1]).resolve()
    # Debian keeps what only administrators run apart.
    os.environ["PATH"] += ":/usr/sbin:/usr/local/sbin"
    port = free_port()
    settings = folder / "krb5.conf"
    settings.write_text(
        f"""[libdefaults]
  default_realm = {REALM}
  dns_lookup_kdc = false
  dns_lookup_realm = false
  dns_canonicalize_hostname = false
  rdns = false
  udp_preference_limit = 1
[realms]
  {REALM} = {{
    kdc = 127.0.0.1:{port}
  }}
[domain_realm]
  localhost = {REALM}
"""
    )
    (folder / "kdc.conf").write_text(
        f"""[realms]
  {REALM} = {{
    database_name = {folder}/principal
    key_stash_file = {folder}/stash
    kdc_listen = 127.0.0.1:{port}
    kdc_tcp_listen = 127.0.0.1:{port}
    supported_enctypes = aes256-cts:normal
  }}
[logging]
  kdc = FILE:{folder}/kdc.log
"""
    )
    service_keys, person_keys, cache = folder / "service.keytab", folder / "person.keytab", folder / "person.cache"
    os.environ.update(KRB5_CONFIG=str(settings), KRB5_KDC_PROFILE=str(folder / "kdc.conf"))
    run("kdb5_util", "create", "-s", "-r", REALM, "-P", secrets.token_hex(16))
    for name, keys in ((PERSON, person_keys), (SERVICE, service_keys)):
        run("kadmin.local", "-r", REALM, "-q", f"addprinc -randkey {name}")
        run("kadmin.local", "-r", REALM, "-q", f"ktadd -k {keys} {name}")
    kdc = subprocess.Popen(["krb5kdc", "-n", "-r", REALM], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(port)
        run("kinit", "-k", "-t", str(person_keys), "-c", str(cache), PERSON)
        told = {"KRB5_CONFIG": str(settings), "KRB5_KTNAME": str(service_keys), "KRB5CCNAME": str(cache)}
        print(json.dumps({"port": port, **told}), flush=True)
        sys.stdin.read()
    finally:
        kdc.kill()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(port):
    for _ in range(1000):
        with socket.socket() as probe:
            probe.settimeout(0.1)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
            # Refused at once: give the daemon the processor.
            os.sched_yield()
    raise SystemExit("the KDC does not listen")


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0 or "while" in done.stderr:
        raise SystemExit(f"{' '.join(command)}: {done.stdout}{done.stderr}")


if __name__ == "__main__":
    main()

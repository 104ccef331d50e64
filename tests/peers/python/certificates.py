"""An authority and server certificates below it, for tests only.

    certificates.py FOLDER

Writes ca.pem, good.pem with good.key for 127.0.0.1 and localhost, wrong.pem with wrong.key for another host, and
other-ca.pem, an authority that signed none of them.
"""

import datetime
import ipaddress
import os
import sys

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

# Long ago, and for long: the tests run at any time.
BEGIN = datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone.utc)
END = datetime.datetime(2049, 1, 1, tzinfo=datetime.timezone.utc)


def named(name):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def certificate(subject, key, issuer, issuer_key, extensions):
    builder = (
        x509.CertificateBuilder()
        .subject_name(named(subject))
        .issuer_name(named(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(BEGIN)
        .not_valid_after(END)
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return builder.sign(issuer_key, hashes.SHA256())


def authority(name):
    key = ec.generate_private_key(ec.SECP256R1())
    usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
    extensions = [(x509.BasicConstraints(ca=True, path_length=0), True), (usage, True)]
    return key, certificate(name, key, name, key, extensions)


def written(folder, name, made, key=None):
    with open(os.path.join(folder, name + ".pem"), "wb") as file:
        file.write(made.public_bytes(serialization.Encoding.PEM))
    if key is not None:
        with open(os.path.join(folder, name + ".key"), "wb") as file:
            file.write(
                key.private_bytes(
                    serialization.Encoding.PEM,
                    serialization.PrivateFormat.PKCS8,
                    serialization.NoEncryption(),
                )
            )


def main():
    folder = sys.argv[1]
    authority_key, made = authority("Contoso test authority")
    written(folder, "ca", made)
    written(folder, "other-ca", authority("Fabrikam test authority")[1])
    for name, hosts in (
        ("good", [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
        ("wrong", [x509.DNSName("mail.fabrikam.test")]),
    ):
        key = ec.generate_private_key(ec.SECP256R1())
        extensions = [
            (x509.SubjectAlternativeName(hosts), False),
            (x509.BasicConstraints(ca=False, path_length=None), True),
            (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False),
        ]
        leaf = certificate(name, key, "Contoso test authority", authority_key, extensions)
        written(folder, name, leaf, key)


if __name__ == "__main__":
    main()

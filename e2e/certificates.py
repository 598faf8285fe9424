"""Keys and certificates made by openssl in a folder of the test run."""

import pathlib
import ssl
import subprocess


def _openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


class Certificates:
    """An authority, and what it signed for the server and for a client."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.authority = self._authority("authority")
        self.server = self._signed("server", "subjectAltName=DNS:localhost,IP:127.0.0.1")
        self.client = self._signed("client", "extendedKeyUsage=clientAuth")
        self._authority("stranger")
        self.stranger = self._signed("intruder", "extendedKeyUsage=clientAuth", authority="stranger")

    def _path(self, name, kind):
        return self.folder / f"{name}.{kind}"

    def _authority(self, name):
        certificate = self._path(name, "crt")
        _openssl(
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
            "-subj", f"/CN=Test {name}", "-addext", "basicConstraints=critical,CA:TRUE",
            "-addext", "keyUsage=critical,keyCertSign,cRLSign",
            "-keyout", self._path(name, "key"), "-out", certificate)
        return certificate

    def _signed(self, name, extension, authority="authority"):
        """The certificate and the key of a name, as paths."""
        request, extensions = self._path(name, "csr"), self._path(name, "ext")
        certificate, key = self._path(name, "crt"), self._path(name, "key")
        extensions.write_text(extension + "\nauthorityKeyIdentifier=keyid\nsubjectKeyIdentifier=hash\n")
        _openssl(
            "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN=Test {name}",
            "-keyout", key, "-out", request)
        _openssl(
            "x509", "-req", "-in", request, "-CA", self._path(authority, "crt"), "-CAkey",
            self._path(authority, "key"), "-CAcreateserial", "-days", "2", "-extfile", extensions, "-out", certificate)
        return certificate, key

    def replace_server(self):
        """A new certificate and key in the place of the server's."""
        self.server = self._signed("server", "subjectAltName=DNS:localhost,IP:127.0.0.1")

    def settings(self, mutual=False):
        """The server's settings that turn TLS on."""
        certificate, key = self.server
        settings = {"HELIOGRAPH_TLS_CERT": certificate, "HELIOGRAPH_TLS_KEY": key}
        return settings | ({"HELIOGRAPH_TLS_CLIENT_CA": self.authority} if mutual else {})

    def context(self, client=None, alpn=None):
        """What a Python client trusts and shows."""
        context = ssl.create_default_context(cafile=self.authority)
        if client:
            context.load_cert_chain(*client)
        if alpn:
            context.set_alpn_protocols(alpn)
        return context

public import Base

/// What a peer's certificate says; it was verified unless the settings trust anyone.
public struct PeerCertificate: Sendable, Hashable {
    /// The subject in the form of RFC 2253, such as `CN=worker-7,O=Example`.
    public let subject: String
    /// The issuer in the form of RFC 2253.
    public let issuer: String
    /// The subject's common name.
    public let commonName: String?
    /// Alternative names that are host names.
    public let hostNames: [String]
    /// Alternative names that are IP addresses.
    public let addresses: [String]
    /// Alternative names that are mail addresses.
    public let emails: [String]
    /// Alternative names that are URIs, such as a SPIFFE id.
    public let uris: [String]
    /// The SHA-256 of the DER form: 32 bytes.
    public let fingerprint: Bytes
    /// The first moment at which it is valid, in seconds since 1970.
    public let notBeforeSeconds: Int64
    /// The last moment at which it is valid, in seconds since 1970.
    public let notAfterSeconds: Int64
    /// The certificate itself.
    public let der: Bytes

    init(_ certificate: Certificate) {
        let names = certificate.alternativeNames
        subject = certificate.subject
        issuer = certificate.issuer
        commonName = certificate.commonName
        hostNames = names.filter { $0.kind == .host }.map(\.value)
        addresses = names.filter { $0.kind == .address }.map(\.value)
        emails = names.filter { $0.kind == .email }.map(\.value)
        uris = names.filter { $0.kind == .uri }.map(\.value)
        fingerprint = Bytes(certificate.fingerprint)
        (notBeforeSeconds, notAfterSeconds) = certificate.validity
        der = Bytes(certificate.der)
    }
}

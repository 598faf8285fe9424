import Base
import HTTPServer
import Kernel
import Wire

/// The routes for names of client certificates.
struct CertificateRoutes: Sendable {
    let certificates: Certificates

    var routes: [Route] {
        let tags = ["certificates"]
        return [
            Route(
                .get, "/api/v1/certificates", .needs(.usersRead),
                Operation(
                    "listCertificates", "List the certificates that stand for users", tags: tags,
                    responses: Operation.list("certificates", Certificates.Mapping.schema))
            ) { Envelope.page(to: $0, "certificates", try await certificates.all(), next: nil) },
            Route(
                .put, "/api/v1/certificates", .needs(.usersManage),
                Operation(
                    "putCertificate", "Have a certificate stand for a user",
                    description:
                        "`name` is `sha256:` with the fingerprint, `uri:`, `dns:` or `email:` with an alternative name, "
                        + "or `subject:` with the subject in the form of RFC 2253.",
                    tags: tags,
                    request: .init(.object([.init("name", .string()), .init("userId", .string())])),
                    responses: Operation.answer("certificate", Certificates.Mapping.schema))
            ) { request in
                let body = try await request.decode(Body.self)
                guard let id = Int64(body.userId) else {
                    throw APIError.invalid("userId", "the number of a user")
                }
                return Envelope.one(
                    to: request, "certificate", try await certificates.put(body.name, id, by: Actor(request)))
            },
            Route(
                .delete, "/api/v1/certificates", .needs(.usersManage),
                Operation(
                    "deleteCertificate", "Have a certificate stand for nobody", tags: tags,
                    parameters: [.init("name", in: .query, "The name.", .string(), isRequired: true)],
                    responses: Operation.nothing)
            ) { request in
                try await certificates.delete(request.queryItem("name") ?? "", by: Actor(request))
                return Envelope.done(request)
            },
        ]
    }

    private struct Body: Decodable {
        var name: String
        var userId: String
    }
}

extension Certificates.Mapping: JSONWritable {
    func write(to writer: inout JSONWriter) {
        writer.object {
            $0.field("name", name)
            $0.field("userId", "\(userID)")
            $0.field("createdAt", createdAt.rfc3339)
        }
    }

    static let schema = Schema.named(
        "ClientCertificate",
        .object([
            .init("name", .string()), .init("userId", .string()),
            .init("createdAt", .string(format: "date-time")),
        ]))
}

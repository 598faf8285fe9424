import Base
import HTTPServer
import Wire

/// The routes by which people, balancers and orchestrators ask how the program is.
struct HealthRoutes: Sendable {
    let health: Health

    var routes: [Route] {
        [
            Route(.get, "/health", .open, operation("getHealth"), rate: .unlimited) { try answer($0) },
            Route(.get, "/api/v1/system/health", .open, operation("getSystemHealth"), rate: .unlimited) {
                try answer($0)
            },
        ]
    }

    private func operation(_ id: String) -> Operation {
        let content = Operation.Content(.envelope(HealthReport.schema))
        return Operation(
            id, "How the server is",
            description:
                "200 while the server is ready, also when parts of it are degraded. 503 while it starts or "
                + "stops or a required part has failed; `data` then holds the same document beside `error`.",
            tags: ["system"],
            responses: [
                .init(.ok, "The server is ready.", content),
                .init(HTTPStatus(503), "The server is not ready.", .init(Self.failureSchema)),
            ])
    }

    private static let failureSchema = Schema.object([
        .init("success", .boolean, "Always false."),
        .init("error", .error),
        .init("data", HealthReport.schema),
    ])

    private func answer(_ request: Request) throws -> Response {
        let report = health.report()
        var response =
            report.isReady
            ? Envelope.success(to: request) { report.write(to: &$0) } : Self.failure(report)
        response.fields.append("cache-control", "no-store")
        return response
    }

    /// An error's envelope, and the document beside it: whoever asks wants to know what is wrong.
    private static func failure(_ report: HealthReport) -> Response {
        var writer = JSONWriter()
        writer.object {
            $0.field("success", false)
            $0.key("error")
            $0.object {
                $0.field("code", ErrorCode.unavailable.rawValue)
                $0.field("message", report.failure)
                $0.key("details")
                $0.object { _ in }
            }
            $0.field("data", report)
        }
        return .json(writer.finish(), status: HTTPStatus(ErrorCode.unavailable.status))
    }
}

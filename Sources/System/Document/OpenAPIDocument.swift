import Base
import HTTPServer
import Wire

/// The OpenAPI 3.1 document of the routes that describe themselves, so that it cannot say what they do not do.
struct OpenAPIDocument {
    private static let title = "Heliograph"
    private static let summary = "A self-hosted Telegram gateway."
    /// The methods that the form has a place for.
    private static let methods = ["GET", "PUT", "POST", "DELETE", "OPTIONS", "HEAD", "PATCH", "TRACE"]

    let operations: [APIOperation]
    let version: String
    /// Where clients find the server; nil where that is wherever they found the document.
    let publicURL: String?

    /// The document as JSON.
    func render() -> Bytes {
        var writer = JSONWriter()
        writer.object {
            $0.field("openapi", "3.1.0")
            $0.key("info")
            $0.object { writeInfo(to: &$0) }
            $0.key("servers")
            $0.array { $0.object { $0.field("url", publicURL ?? "/") } }
            $0.key("tags")
            $0.array { for tag in tags { $0.object { $0.field("name", tag) } } }
            $0.key("paths")
            $0.object { writePaths(to: &$0) }
            $0.key("components")
            $0.object { writeComponents(to: &$0) }
        }
        return writer.finish()
    }

    private func writeInfo(to writer: inout JSONWriter) {
        writer.field("title", Self.title)
        writer.field("summary", Self.summary)
        writer.field("version", version)
        writer.key("license")
        writer.object {
            $0.field("name", "Apache License 2.0")
            $0.field("identifier", "Apache-2.0")
        }
    }

    private var tags: [String] {
        var tags: [String] = []
        for tag in operations.flatMap(\.operation.tags) where !tags.contains(tag) { tags.append(tag) }
        return tags
    }

    private func writePaths(to writer: inout JSONWriter) {
        var paths: [String] = []
        for operation in operations where !paths.contains(operation.path) { paths.append(operation.path) }
        for path in paths {
            writer.key(path)
            writer.object {
                for operation in operations where operation.path == path {
                    guard Self.methods.contains(operation.method.name) else { continue }
                    $0.key(operation.method.name.lowercased())
                    $0.object { write(operation, to: &$0) }
                }
            }
        }
    }

    private func write(_ described: APIOperation, to writer: inout JSONWriter) {
        let operation = described.operation
        writer.field("operationId", operation.id)
        writer.field("summary", operation.summary)
        if !operation.description.isEmpty { writer.field("description", operation.description) }
        if !operation.tags.isEmpty { writer.field("tags", operation.tags) }
        writer.key("security")
        writer.array { writer in
            guard described.access != .open else { return }
            for scheme in Self.schemes.map(\.name) {
                writer.object {
                    $0.key(scheme)
                    $0.array { _ in }
                }
            }
        }
        let parameters = described.parameters
        if !parameters.isEmpty {
            writer.key("parameters")
            writer.array { for parameter in parameters { Self.write(parameter, to: &$0) } }
        }
        if let request = operation.request {
            writer.key("requestBody")
            writer.object {
                $0.field("required", true)
                Self.write([request] + [operation.form].compactMap(\.self), to: &$0)
            }
        }
        writer.key("responses")
        writer.object {
            for reply in described.replies {
                $0.key("\(reply.status.code)")
                $0.object {
                    $0.field("description", reply.description)
                    if !reply.contents.isEmpty { Self.write(reply.contents, to: &$0) }
                }
            }
            $0.key("default")
            $0.object { $0.field("$ref", "#/components/responses/Error") }
        }
    }

    private static func write(_ parameter: Operation.Parameter, to writer: inout JSONWriter) {
        writer.object {
            $0.field("name", parameter.name)
            $0.field("in", parameter.place.rawValue)
            if !parameter.description.isEmpty { $0.field("description", parameter.description) }
            $0.field("required", parameter.isRequired)
            $0.field("schema", parameter.schema)
        }
    }

    private static func write(_ contents: [Operation.Content], to writer: inout JSONWriter) {
        writer.key("content")
        writer.object {
            for content in contents {
                $0.key(content.type)
                $0.object { $0.field("schema", content.schema) }
            }
        }
    }
}

extension OpenAPIDocument {
    /// How callers show who they are; a request signed with a key, and a client certificate, have no form here.
    private static let schemes: [(name: String, fields: [(String, String)])] = [
        (
            "bearer",
            [
                ("type", "http"), ("scheme", "bearer"),
                ("description", "An access token of a login, or an API key."),
            ]
        ),
        (
            "apiKey",
            [("type", "apiKey"), ("in", "header"), ("name", "x-api-key"), ("description", "An API key.")]
        ),
        (
            "cookie",
            [
                ("type", "apiKey"), ("in", "cookie"), ("name", "hg_access"),
                ("description", "The cookie of a login in a browser."),
            ]
        ),
    ]

    private func writeComponents(to writer: inout JSONWriter) {
        var named: [(name: String, schema: Schema)] = []
        for schema in operations.flatMap(\.schemas) { schema.collectNamed(into: &named) }
        Schema.failure.collectNamed(into: &named)
        writer.key("schemas")
        writer.object {
            for (name, schema) in named.sorted(by: { $0.name < $1.name }) { $0.field(name, schema) }
        }
        writer.key("securitySchemes")
        writer.object {
            for (name, fields) in Self.schemes {
                $0.key(name)
                $0.object { for (field, text) in fields { $0.field(field, text) } }
            }
        }
        writer.key("responses")
        writer.object {
            $0.key("Error")
            $0.object {
                $0.field("description", "What went wrong; `code` is stable, `message` is for people.")
                Self.write([.init(.failure)], to: &$0)
            }
        }
    }
}

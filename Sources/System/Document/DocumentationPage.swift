import Base
import HTTPServer
import Wire

/// A page that lists every operation, for people: plain HTML, no script, nothing from elsewhere.
struct DocumentationPage {
    let operations: [APIOperation]
    let version: String
    private var html: [UInt8] = []

    init(operations: [APIOperation], version: String) {
        self.operations = operations
        self.version = version
    }

    /// What the page may load: its own style sheet.
    static let policy =
        "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

    /// The page as HTML.
    consuming func render() -> Bytes {
        html.append(
            text: """
                <!doctype html>
                <html lang="en">
                <head>
                <meta charset="utf-8">
                <meta name="viewport" content="width=device-width, initial-scale=1">
                <title>Heliograph API</title>
                <link rel="stylesheet" href="/docs/style.css">
                </head>
                <body>
                <h1>Heliograph API</h1>
                <p>Version&#32;
                """)
        escape(version)
        html.append(text: ". The same for programs: <a href=\"/openapi.json\">openapi.json</a>.</p>\n")
        for tag in tags {
            html.append(text: "<h2>")
            escape(tag)
            html.append(text: "</h2>\n")
            for operation in operations where (operation.operation.tags.first ?? "other") == tag {
                append(operation)
            }
        }
        appendErrors()
        html.append(text: "</body>\n</html>\n")
        return Bytes(html)
    }

    private var tags: [String] {
        var tags: [String] = []
        for operation in operations {
            let tag = operation.operation.tags.first ?? "other"
            if !tags.contains(tag) { tags.append(tag) }
        }
        return tags
    }

    private mutating func append(_ described: APIOperation) {
        let operation = described.operation
        html.append(text: "<article id=\"")
        escape(operation.id)
        html.append(text: "\">\n<h3><code><b>")
        escape(described.method.name)
        html.append(text: "</b> ")
        escape(described.path)
        html.append(text: "</code></h3>\n")
        paragraph(operation.summary + ".")
        if !operation.description.isEmpty { paragraph(operation.description) }
        append(described.parameters)
        if let request = operation.request {
            html.append(text: "<h4>Body</h4>\n<p><code>")
            escape("\(request.type): \(request.schema.sketch)")
            html.append(text: "</code></p>\n")
        }
        html.append(text: "<h4>Answers</h4>\n<table>\n")
        for reply in described.replies {
            let forms = reply.contents.map { "\($0.type): \($0.schema.sketch)" }.joined(separator: " or ")
            row(["\(reply.status.code)", reply.description], code: forms)
        }
        html.append(text: "</table>\n</article>\n")
    }

    private mutating func append(_ parameters: [Operation.Parameter]) {
        guard !parameters.isEmpty else { return }
        html.append(text: "<h4>Parameters</h4>\n<table>\n")
        for parameter in parameters {
            let place = "\(parameter.place.rawValue)\(parameter.isRequired ? ", required" : "")"
            row([parameter.name, place, parameter.description], code: parameter.schema.sketch)
        }
        html.append(text: "</table>\n")
    }

    private mutating func appendErrors() {
        html.append(text: "<h2>Errors</h2>\n<table>\n")
        for code in ErrorCode.allCases { row(["\(code.status)", code.title], code: code.rawValue) }
        html.append(text: "</table>\n")
    }

    private mutating func paragraph(_ text: String) {
        html.append(text: "<p>")
        // What stands between backticks is code.
        for (index, part) in text.split(separator: "`", omittingEmptySubsequences: false).enumerated() {
            let isCode = !index.isMultiple(of: 2)
            if isCode { html.append(text: "<code>") }
            escape(String(part))
            if isCode { html.append(text: "</code>") }
        }
        html.append(text: "</p>\n")
    }

    private mutating func row(_ cells: [String], code: String) {
        html.append(text: "<tr>")
        for cell in cells {
            html.append(text: "<td>")
            escape(cell)
            html.append(text: "</td>")
        }
        html.append(text: "<td><code>")
        escape(code)
        html.append(text: "</code></td></tr>\n")
    }

    private mutating func escape(_ text: String) {
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "&"): html.append("&amp;")
            case UInt8(ascii: "<"): html.append("&lt;")
            case UInt8(ascii: ">"): html.append("&gt;")
            case UInt8(ascii: "\""): html.append("&quot;")
            case UInt8(ascii: "'"): html.append("&#39;")
            default: html.append(byte)
            }
        }
    }

    static let style: Bytes = """
        :root { color-scheme: light dark; }
        body { font: 1rem/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
        h2 { margin-top: 2.5rem; border-bottom: 1px solid; }
        article { margin: 1.5rem 0; padding: 0 1rem 1rem; border: 1px solid #8886; border-radius: .4rem; }
        h4 { margin: 1rem 0 .25rem; }
        code { font: .9rem/1.4 ui-monospace, monospace; overflow-wrap: anywhere; }
        table { border-collapse: collapse; width: 100%; }
        td { padding: .2rem .8rem .2rem 0; vertical-align: top; border-top: 1px solid #8884; }

        """
}

extension Schema {
    /// The shape in a few words, as people write it: `{name: string, tags?: [string]}`.
    var sketch: String {
        switch self {
        case .string(let format, let values):
            values.isEmpty ? format ?? "string" : values.map { "\"\($0)\"" }.joined(separator: " | ")
        case .integer: "integer"
        case .number: "number"
        case .boolean: "boolean"
        case .array(let element): "[\(element.sketch)]"
        case .object(let properties):
            "{\(properties.map { "\($0.name)\($0.isRequired ? "" : "?"): \($0.schema.sketch)" }.joined(separator: ", "))}"
        case .map(let value): "{…: \(value.sketch)}"
        case .nullable(let schema): "\(schema.sketch) | null"
        case .named("ErrorBody", _): "error"
        case .named(_, let schema): schema.sketch
        case .anything: "any"
        }
    }
}

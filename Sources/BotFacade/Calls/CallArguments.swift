import Base
import BotAPI
import HTTPServer
import Wire

/// The arguments of a call, in whichever of Telegram's forms they came.
struct CallArguments: Sendable {
    /// The texts of the arguments by their names in lower case, all that were given; what is no text is JSON.
    private let values: [String: [String]]
    /// The same arguments for Telegram, files included.
    let body: BotAPIBody

    private static let form: Bytes = "application/x-www-form-urlencoded"

    /// Reads the arguments of a request.
    init(_ request: Request, bodyMax: Int) async throws {
        let body = try await request.body.collect(max: bodyMax)
        try self.init(query: request.query, body: body, type: request.fields.bytes("content-type") ?? Bytes())
    }

    init(query: Bytes, body: Bytes, type: Bytes) throws {
        do {
            var values: [String: [String]] = [:]
            let media = Self.media(type)
            let items = try FormField.parse(query)
            for item in items { values[item.name.lowercased(), default: []].append(item.value.repairedText) }
            switch media {
            case _ where body.isEmpty:
                self.body = query.isEmpty ? .none : .raw(query, contentType: Self.form)
            case "application/json":
                try Self.read(json: body, &values)
                self.body = items.isEmpty ? .json(body) : .json(try Self.merged(body, items))
            case "multipart/form-data":
                guard let boundary = MultipartParser.boundary(ofContentType: type), items.isEmpty else {
                    throw APIError(.badRequest, "a form needs a boundary, and all arguments in the body")
                }
                for part in try MultipartPart.parse(body, boundary: boundary) where part.head.filename == nil
                {
                    values[part.head.name.lowercased(), default: []].append(part.bytes.repairedText)
                }
                self.body = .raw(body, contentType: type)
            default:
                for item in try FormField.parse(body) {
                    values[item.name.lowercased(), default: []].append(item.value.repairedText)
                }
                let joined = query.isEmpty ? body : Bytes(Array(query) + [UInt8(ascii: "&")] + Array(body))
                self.body = .raw(joined, contentType: Self.form)
            }
            self.values = values
        } catch let error as FormError {
            throw APIError(.badRequest, error.description)
        }
    }

    private static func media(_ type: Bytes) -> String {
        let end = type.firstIndex(of: UInt8(ascii: ";")) ?? type.count
        return type.part(0, end).repairedText.filter { $0 != " " }.lowercased()
    }

    private static func read(json: Bytes, _ values: inout [String: [String]]) throws {
        let root = try JSON.parse(json).root
        guard root.kind == .object else { throw APIError(.badRequest, "the body must be an object") }
        for member in root.members where !member.value.isNull {
            values[member.name.lowercased(), default: []].append(
                member.value.string ?? member.value.raw.repairedText)
        }
    }

    /// An object with further members; those of the body count first.
    private static func merged(_ json: Bytes, _ items: [FormField]) throws -> Bytes {
        let root = try JSON.parse(json).root
        var writer = JSONWriter()
        writer.object {
            for member in root.members {
                $0.key(member.name)
                $0.raw(member.value.raw)
            }
            for item in items where root[item.name] == nil {
                $0.key(item.name)
                $0.text(item.value)
            }
        }
        return writer.finish()
    }

    // MARK: Reading

    subscript(name: String) -> String? { values[name]?.last }

    /// Every value that a name was given: Telegram may take another one of them than this program does.
    func all(_ name: String) -> [String] { values[name] ?? [] }

    func integer(_ name: String) throws(APIError) -> Int64? {
        guard let text = self[name], !text.isEmpty else { return nil }
        guard let number = Int64(text) else { throw APIError(.badRequest, "can't parse \(name)") }
        return number
    }

    func flag(_ name: String) -> Bool {
        guard let text = self[name]?.lowercased() else { return false }
        return ["true", "1", "yes"].contains(text)
    }

    /// A list of texts, in JSON.
    func list(_ name: String) throws -> [String]? {
        guard let text = self[name], !text.isEmpty else { return nil }
        let root = try JSON.parse(Bytes(text)).root
        guard root.kind == .array else { throw APIError(.badRequest, "can't parse \(name)") }
        return root.elements.compactMap(\.string)
    }
}

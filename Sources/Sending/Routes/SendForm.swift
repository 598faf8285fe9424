import Base
import BotAPI
import HTTPServer
import Wire

/// The fields of a request, from whichever of the forms it came in.
enum SendForm {
    /// What all that is no file may have together.
    private static let textBytesMax = 1 << 20
    private static let partsMax = 64
    private static let form: Bytes = "multipart/form-data"

    /// The fields of a body: JSON, or a form where files may come along.
    static func fields(of request: Request, formBytesMax: Int? = nil) async throws -> SendFields {
        let type = request.fields.bytes("content-type") ?? Bytes()
        guard let formBytesMax, type.part(0, min(type.count, form.count)).text?.lowercased() == form.text
        else {
            return try SendFields(parse(try await request.body.collect(max: textBytesMax)).root)
        }
        return try fields(of: try await request.body.collect(max: formBytesMax), type)
    }

    /// The fields of a request that needs no body: those of its query, unless it has one.
    static func optional(of request: Request) async throws -> SendFields {
        let body = try await request.body.collect(max: textBytesMax)
        return body.isEmpty ? try query(of: request) : try SendFields(parse(body).root)
    }

    /// The fields of a query, all of them texts.
    static func query(of request: Request) throws(SendError) -> SendFields {
        var writer = JSONWriter()
        do throws(FormError) {
            let items = try FormField.parse(request.query)
            writer.object {
                for item in items {
                    $0.key(item.name)
                    $0.text(item.value)
                }
            }
        } catch {
            throw .invalid("query", error.description)
        }
        return try fields(writer)
    }

    static func parse(_ bytes: Bytes) throws(APIError) -> JSONDocument {
        do throws(JSONError) { return try JSON.parse(bytes) } catch { throw APIError(error) }
    }

    private static func fields(of body: Bytes, _ type: Bytes) throws(SendError) -> SendFields {
        guard let boundary = MultipartParser.boundary(ofContentType: type) else {
            throw .invalid("body", "a form needs a boundary")
        }
        let parts: [MultipartPart]
        do throws(FormError) {
            parts = try MultipartPart.parse(body, boundary: boundary, limits: .init(partsMax: partsMax))
        } catch {
            throw .invalid("body", error.description)
        }
        var (names, uploads): (Set<String>, [String: InputFile.Upload]) = ([], [:])
        var writer = JSONWriter()
        writer.beginObject()
        for part in parts {
            let name = part.head.name
            guard names.insert(name).inserted else {
                throw .invalid("body", "there are two parts named \(name.prefix(64))")
            }
            if let filename = part.head.filename {
                // Browsers send a field without a file so.
                if filename.isEmpty, part.bytes.isEmpty { continue }
                uploads[name] = InputFile.Upload(
                    name: filename.isEmpty ? "file" : filename, type: mediaType(part), part.bytes)
            } else {
                guard let text = part.bytes.text, writer.bytes.count + text.utf8.count <= textBytesMax else {
                    throw .invalid("body", "the part \(name.prefix(64)) is no text; a file needs a filename")
                }
                writer.field(name, text)
            }
        }
        writer.endObject()
        return try fields(writer, uploads)
    }

    /// Only what cannot be taken for anything else behind us.
    private static func mediaType(_ part: MultipartPart) -> String? {
        part.head.contentType.flatMap { type in
            (1...100).contains(type.utf8.count) && type.utf8.allSatisfy { (0x21...0x7e).contains($0) }
                ? type : nil
        }
    }

    private static func fields(
        _ writer: consuming JSONWriter, _ uploads: [String: InputFile.Upload] = [:]
    ) throws(SendError) -> SendFields {
        let json = writer.finish()
        let document: JSONDocument
        do throws(JSONError) { document = try JSON.parse(json) } catch {
            throw .invalid("body", error.message)
        }
        return try SendFields(document.root, uploads: uploads)
    }
}

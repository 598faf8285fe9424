package import HTTPServer
import Kernel
package import Wire

extension Request {
    /// The body as a value; bodies of administrative requests are small.
    package func decode<T: Decodable>(_ type: T.Type) async throws -> T {
        let body = try await body.collect(max: 1 << 20)
        return try JSON.decode(type, from: body, options: .request)
    }

    /// A whole number of the query, within a range.
    package func number(_ name: String, in range: ClosedRange<Int>, absent: Int) throws(APIError) -> Int {
        guard let text = queryItem(name) else { return absent }
        guard let number = Int(text), range.contains(number) else {
            throw APIError.invalid(name, "a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    /// A number in the path that is written as a text, because it may pass what JavaScript can count.
    package func identifier(_ name: String) throws(APIError) -> Int64 {
        guard let id = Int64(parameters[name]), id > 0 else { throw APIError(.notFound) }
        return id
    }
}

extension Envelope {
    /// A page of a list under a name, with what the next page begins behind.
    ///
    /// Where `next` is there in any case, `hasMore` says whether more waits behind it.
    package static func page<Item: JSONWritable>(
        to request: Request, _ name: String, _ items: [Item], next: String?, hasMore: Bool? = nil
    ) -> Response {
        success(
            to: request,
            meta: ["count": .integer(Int64(items.count)), "hasMore": .bool(hasMore ?? (next != nil))]
        ) {
            $0.object {
                $0.field(name, items)
                $0.field("nextCursor", next)
            }
        }
    }

    /// One thing under a name.
    package static func one<Item: JSONWritable>(
        to request: Request, _ name: String, _ item: Item, status: HTTPStatus = .ok
    ) -> Response {
        success(to: request, status: status) { $0.object { $0.field(name, item) } }
    }

    /// Nothing to say but that it is done.
    package static func done(_ request: Request) -> Response {
        success(to: request) { $0.object { _ in } }
    }
}

extension Operation {
    /// The answer of an operation that gives one thing under a name.
    package static func answer(_ name: String, _ schema: Schema, _ status: HTTPStatus = .ok) -> [Reply] {
        [Reply(status, "Done.", .init(.envelope(.object([.init(name, schema)]))))]
    }

    /// The answer of an operation that gives a page of a list.
    package static func list(_ name: String, _ schema: Schema) -> [Reply] {
        let data = Schema.object([
            .init(name, .array(schema)),
            .init("nextCursor", .nullable(.string()), "What the next page begins behind."),
        ])
        return [Reply(.ok, "The page.", .init(.envelope(data)))]
    }

    /// The answer of an operation that has nothing to say.
    package static let nothing = [Reply(.ok, "Done.", .init(.envelope(.object([]))))]

    /// How many of a list are wanted, and behind which.
    package static let paging: [Parameter] = [
        .init("limit", in: .query, "How many at most; 1 to 500.", .integer),
        .init("cursor", in: .query, "The `nextCursor` of the page before.", .string()),
    ]
}

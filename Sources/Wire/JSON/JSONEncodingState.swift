/// Where one encoding stands: the writer, and the containers that are open in it.
///
/// Containers are written straight into the text, so each must be filled before the next is begun; a container that
/// is written to after that is refused.
final class JSONEncodingState {
    var writer: JSONWriter
    private(set) var failure: JSONError?
    private var open: [(isObject: Bool, serial: Int)] = []
    private var serial = 0

    init(_ writer: JSONWriter) { self.writer = writer }

    /// How many containers are open.
    var depth: Int { open.count }

    /// Opens a container as the value of the slot that lies in `depth` containers; answers its serial number.
    func begin(isObject: Bool, depth: Int, path: JSONPath?) -> Int {
        if open.count > depth, open[depth].isObject == isObject {
            // The same value asks for its container again, as subclasses do.
            close(to: depth + 1)
            return open[depth].serial
        }
        serial += 1
        guard open.count == depth, !refuses(path) else {
            fail(JSONError(.invalidValue, "is encoded as two things at once", path: describe(path)))
            return serial
        }
        guard depth < JSONLimits.depthCeiling else {
            fail(
                JSONError(
                    .tooDeep, "nested deeper than \(JSONLimits.depthCeiling) levels", path: describe(path)))
            return serial
        }
        if isObject { writer.beginObject() } else { writer.beginArray() }
        open.append((isObject, serial))
        return serial
    }

    /// Makes ready for the next member or element of a container; false where that is no more possible.
    func resume(_ serial: Int, depth: Int, path: JSONPath?) -> Bool {
        guard failure == nil else { return false }
        guard open.count >= depth, open[depth - 1].serial == serial else {
            fail(JSONError(.invalidValue, "is written to after its end", path: describe(path)))
            return false
        }
        close(to: depth)
        return true
    }

    /// Closes the containers that are open within `depth` others.
    func close(to depth: Int) {
        while open.count > depth {
            if writer.awaitsValue { writer.null() }
            if open.removeLast().isObject { writer.endObject() } else { writer.endArray() }
        }
    }

    /// Writes a value at the writer's place.
    func write<T: Encodable>(_ value: T, at path: JSONPath?) throws {
        if let failure { throw failure }
        if T.self == String.self, let text = value as? String { return writer.value(text) }
        if T.self == Int.self, let number = value as? Int { return writer.value(number) }
        if T.self == Int64.self, let number = value as? Int64 { return writer.value(number) }
        if T.self == JSONValue.self, let tree = value as? JSONValue { return tree.write(to: &writer) }
        let depth = open.count
        let start = writer.bytes.count
        try value.encode(to: JSONEncoding(self, depth: depth, start: start, at: path))
        if let failure { throw failure }
        close(to: depth)
        // A value that encodes nothing has no members.
        if writer.bytes.count == start { writer.object { _ in } }
    }

    /// Remembers the first failure; nothing is written after it.
    func fail(_ error: JSONError) { failure = failure ?? error }

    func describe(_ path: JSONPath?) -> String { JSONPath.describe(JSONPath.keys(path), root: "") }

    private func refuses(_ path: JSONPath?) -> Bool { failure != nil || !writer.takesValue }
}

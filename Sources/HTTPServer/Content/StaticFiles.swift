public import Base
public import Wire

/// A folder's files, read when the program starts and never again.
///
/// A request only looks a name up, so that no path from outside can reach the file system.
public struct StaticFiles: Sendable {
    private let files: [String: StaticFile]

    /// Files by their paths within the folder (`js/app.js`); `fields` are added to each answer.
    public init(
        _ contents: [String: Bytes], lastModified: [String: Timestamp] = [:],
        fields: HeaderFields = HeaderFields()
    ) {
        var files: [String: StaticFile] = [:]
        for (name, bytes) in contents {
            files[name] = StaticFile(
                bytes, type: MediaType.of(fileName: name), cacheControl: Self.cacheControl(of: name),
                lastModified: lastModified[name], fields: fields)
        }
        self.files = files
    }

    /// Reads a folder and what is below it; hidden files and symbolic links are left out.
    ///
    /// It blocks: call it before the program serves.
    public init(
        folder: String, bytesMax: Int = 64 << 20, fields: HeaderFields = HeaderFields()
    ) throws(StaticFilesError) {
        var reader = FolderReader(bytesMax: bytesMax)
        try reader.read(folder)
        self.init(reader.contents, lastModified: reader.lastModified, fields: fields)
    }

    /// How many files there are.
    public var count: Int { files.count }

    /// The paths of the files, in order.
    public var names: [String] { files.keys.sorted() }

    /// The file of that path.
    public subscript(name: String) -> StaticFile? { files[name] }

    /// Answers for a route that ends in `{path...}`; a path that ends in a slash means that folder's index.
    public func handler(parameter: String = "path", index: String = "index.html") -> Handler {
        { request in
            var name = request.parameters[parameter]
            if name.isEmpty || name.hasSuffix("/") { name += index }
            guard let file = files[name] else { throw APIError(.notFound, "There is no such file") }
            return try file.answer(request)
        }
    }

    /// A name that changes with the content may be kept for ever; everything else is asked for again each time.
    private static func cacheControl(of name: String) -> String {
        carriesHash(name) ? "public, max-age=31536000, immutable" : "no-cache"
    }

    /// Whether a part of the name, as in `app.3f2a9c1b.js` or `app-3f2a9c1b.js`, looks like a hash.
    static func carriesHash(_ name: String) -> Bool {
        guard !name.hasSuffix(".html"), let file = name.split(separator: "/").last else { return false }
        return file.split(whereSeparator: { $0 == "." || $0 == "-" }).dropFirst().contains { part in
            // Without a letter it may be a date, without a digit a word.
            part.utf8.count >= 8 && part.contains(where: \.isNumber) && part.contains(where: \.isLetter)
                && part.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
        }
    }
}

/// Why a folder could not be read.
public enum StaticFilesError: Error, Sendable, Equatable {
    /// The system refuses; `code` is its error number.
    case unreadable(path: String, code: Int32)
    /// The files are more than they may be together.
    case tooLarge(bytesMax: Int)
    /// More files or deeper folders than anybody would want to serve.
    case tooMany(path: String)
}

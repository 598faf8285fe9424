import Base
import Wire

/// Reads a form in pieces and at once, and writes what it read; its first line is the boundary.
@Sendable func fuzzMultipart(_ bytes: Bytes) {
    let (input, size) = pieces(bytes)
    _ = MultipartParser.boundary(ofContentType: input)
    // A form that is refused has nothing to come back.
    if let fields = try? FormField.parse(input) {
        // A refusal here is a difference.
        expect((try? FormField.parse(FormField.encode(fields))) == fields, "a form comes back")
    }
    let lineEnd = input.firstIndex(of: 0x0A) ?? 0
    let boundary = input.part(0, min(lineEnd, 70))
    let body = input.part(lineEnd, input.count - lineEnd)
    guard !boundary.isEmpty else { return }

    // Nil stands for any refusal, which the pieces must meet with too.
    let whole = try? MultipartPart.parse(body, boundary: boundary)
    var parser = MultipartParser(boundary: boundary)
    var parts: [MultipartPart] = []
    do throws(FormError) {
        for piece in cut(body, into: size) {
            try parser.parse(piece) { event in
                switch event {
                case .begin(let head): parts.append(MultipartPart(head, Bytes()))
                case .data(let data):
                    parts[parts.count - 1].bytes = Bytes(parts[parts.count - 1].bytes.array + data.array)
                case .end: break
                }
            }
        }
        try parser.finish()
        expect(whole == parts, "pieces tell what the whole tells")
    } catch {
        expect(whole == nil, "what fails in pieces fails as a whole")
    }
    guard let whole, !whole.isEmpty else { return }
    var writer = MultipartWriter(random: 0xfeed_face_cafe_beef, UInt64(size))
    guard let marker = MultipartParser.boundary(ofContentType: Bytes(writer.contentType)) else { return }
    // Outside, nobody who writes a content knows the boundary; here it is always the same, and can be guessed.
    guard !body.repairedText.contains(marker.repairedText) else { return }
    for part in whole { writer.append(MultipartPart.Head(name: "n"), part.bytes) }
    // A refusal here is a difference.
    let again = try? MultipartPart.parse(writer.finish(), boundary: marker)
    expect(again?.map(\.bytes) == whole.map(\.bytes), "a form comes back in parts")
}

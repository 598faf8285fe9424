import Testing

@testable import tidy

@Suite struct LexerTests {
    private func words(_ code: String) -> [String] {
        Lexer(Array(code.utf8)).tokens.filter { $0.kind == .word }.map(\.text)
    }

    @Test func `texts and comments are no code`() {
        #expect(words(#"let a = "try! b" // Task { }"#) == ["let", "a"])
        #expect(words("/* a /* b */ c */ d") == ["d"])
        #expect(words(##"a(#"x " \(y) "#, b)"##) == ["a", "b"])
        #expect(words("a(\"\"\"\n  x \"q\" try!\n  \"\"\", b)") == ["a", "b"])
    }

    @Test func `an interpolation is code, however deep`() {
        #expect(Set(words(#"print("a \(b("c \(d!) e")) f")"#)) == ["print", "b", "d"])
    }

    @Test func `a regular expression is a text and a division is not`() {
        #expect(words("let r = /try! x/") == ["let", "r"])
        #expect(words("let r = a / b / c") == ["let", "r", "a", "b", "c"])
        #expect(words("x(/\"/, b)") == ["x", "b"])
    }

    @Test func `a raw identifier is one word`() {
        #expect(words("func `a test with ! and Task {`() {}") == ["func", "a test with ! and Task {"])
    }

    @Test func `lines are counted through texts and comments`() {
        let lexer = Lexer(Array("/* a\n b */\nlet x = \"\"\"\n  y\n  \"\"\"\nz // end".utf8))
        #expect(lexer.tokens.last == Token(kind: .word, text: "z", line: 6, isGlued: false))
        #expect(lexer.comments.map(\.line) == [1, 2, 6])
    }

    @Test func `an open text or comment ends with the file`() {
        #expect(words("a \"b") == ["a"])
        #expect(words("a /* b") == ["a"])
        #expect(words("a \"\\(b") == ["a", "b"])
        #expect(words("a #\"") == ["a"])
        #expect(words("a = #/b") == ["a"])
    }
}

// Sizes as a person says them.
import Reports
import Testing

@Suite struct SizeTextTests {
  @Test(arguments: [
    (0, "0 bytes"), (1, "1 byte"), (999, "999 bytes"), (1000, "1 kB"), (24_499, "24 kB"),
    (99_999, "100 kB"), (100_000, "0.1 MB"), (1_340_000, "1.3 MB"),
  ])
  func sizes(bytes: Int, text: String) {
    #expect(SizeText.text(bytes) == text)
  }
}

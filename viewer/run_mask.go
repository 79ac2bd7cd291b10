package viewer

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/mvrun/mvrun/record"
)

// maskFields masks the texts of a record's values. Most are masked before they are
// recorded; what is not, and what the config has learned to mask since, is here.
func (r *runReader) maskFields(fields []record.Field) []record.Field {
	made := make([]record.Field, 0, len(fields))
	for _, field := range fields {
		var value any
		decoder := json.NewDecoder(bytes.NewReader(field.Value))
		decoder.UseNumber()
		if decoder.Decode(&value) == nil {
			if masked, changed := r.maskValue(field.Key, value); changed {
				field.Value = encodeValue(masked)
			}
		}
		made = append(made, field)
	}
	return made
}

// maskSettings masks those of an item, which has labels of its own.
func (r *runReader) maskSettings(settings record.ItemSettings) record.ItemSettings {
	made := record.ItemSettings{}
	for key, value := range settings {
		if record.IsSetting(key) {
			made[key] = r.maskNamed(key, value)
		}
	}
	return made
}

// maskValue masks the texts within a value of JSON.
func (r *runReader) maskValue(key string, value any) (masked any, changed bool) {
	switch value := value.(type) {
	case string:
		text := r.maskNamed(key, value)
		return text, text != value
	case []any:
		return r.maskList(key, value)
	case map[string]any:
		for name, inner := range value {
			if made, differs := r.maskValue(name, inner); differs {
				value[name], changed = made, true
			}
		}
		return value, changed
	}
	return value, false
}

// maskList masks a list of texts as the words of a command line.
func (r *runReader) maskList(key string, list []any) (masked any, changed bool) {
	words := make([]string, len(list))
	for i, inner := range list {
		word, ok := inner.(string)
		if !ok {
			return list, false
		}
		words[i] = word
	}
	if key == "argv" {
		words = r.masker.MaskArgs(words)
	}
	for i, word := range words {
		if key != "argv" {
			word = r.masker.Mask(word)
		}
		changed = changed || word != list[i]
		list[i] = word
	}
	return list, changed
}

// maskNamed masks a text that may be secret by its name alone, as a label password
// is.
func (r *runReader) maskNamed(name, text string) string {
	if masked, ok := strings.CutPrefix(r.masker.Mask(name+"="+text), name+"="); ok {
		return masked
	}
	return r.masker.Mask(text)
}

// decoded reads a value of JSON; the zero value where it is of another form.
func decoded[T any](text string) T {
	var value, none T
	if json.Unmarshal([]byte(text), &value) != nil {
		return none
	}
	return value
}

func numbersOf(text string) map[string]int64 { return decoded[map[string]int64](text) }

func textsOf(text string) []string { return decoded[[]string](text) }

func pairsOf(text string) map[string]string { return decoded[map[string]string](text) }
